"""The steps that a conversation answers with."""

from __future__ import annotations

from typing import get_args

from assetstream.protocol import NEVER, Conversation, Send, Step
from tests.support.specs import make_upbit


def test_a_text_to_be_sent_is_never_shown() -> None:
    """A login carries the secret."""
    assert "secret" not in repr(Send("secret"))
    assert Send("secret") == Send("secret") != Send("other")


def test_the_set_of_steps_is_closed() -> None:
    """A new step must be carried out wherever these are."""
    names = {step.__name__ for step in get_args(Step)}

    assert names == {"Alive", "Fail", "Ping", "Ready", "Report", "Send", "Warn"}


def test_a_new_conversation_waits_for_nothing() -> None:
    """Until it is opened there is no deadline."""
    conversation: Conversation = make_upbit().conversation({})

    assert conversation.deadline == NEVER
