"""The steps of a conversation."""

from __future__ import annotations

from typing import get_args

from assetstream.protocol import NEVER, Conversation, Send, Step
from tests.support.specs import make_upbit


def test_a_text_to_be_sent_is_never_shown() -> None:
    """The repr hides a login's secret."""
    assert "secret" not in repr(Send("secret"))
    assert Send("secret") == Send("secret") != Send("other")


def test_the_set_of_steps_is_closed() -> None:
    """The union has every step."""
    names = {step.__name__ for step in get_args(Step)}

    assert names == {
        *("Alive", "Fail", "Ping", "Ready", "Renew", "Report", "Reread", "Send"),
        "Warn",
    }


def test_a_new_conversation_waits_for_nothing() -> None:
    """A conversation has no deadline before it is opened."""
    conversation: Conversation = make_upbit().conversation({})

    assert conversation.deadline == NEVER
