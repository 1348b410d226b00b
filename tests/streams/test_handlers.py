"""Handlers of streams and groups, by the same methods."""

from __future__ import annotations

from typing import Any

import pytest

from assetstream import AssetStream, ConfigurationError, StreamGroup, Upbit
from assetstream.streams.stream import run_of


def stream(account: str, **options: Any) -> AssetStream:
    return AssetStream(Upbit("key", "secret", region="sg"), account=account, **options)


def kinds(stream: AssetStream, handler: object) -> list[str]:
    """Return the kinds of events that the handler gets."""
    handlers = run_of(stream).handlers
    return [k for k in ("asset", "error", "state") if handler in getattr(handlers, k)]


def handler(event: object) -> None:
    """Do nothing."""


@pytest.mark.parametrize("kind", ["asset", "error", "state"])
def test_a_group_s_handler_is_every_account_s(kind: str) -> None:
    """Accounts added later have it, too, until it is removed."""
    one, late = stream("one"), stream("late")
    group = StreamGroup([one])
    assert getattr(group, f"on_{kind}")(handler) is handler
    group.add(late)
    assert kinds(one, handler) == kinds(late, handler) == [kind]
    group.off(handler)
    group.off(handler)
    assert kinds(one, handler) == kinds(late, handler) == []
    later = stream("later")
    group.add(later)
    assert kinds(later, handler) == []


@pytest.mark.parametrize(
    "made", [stream("one"), StreamGroup()], ids=["stream", "group"]
)
@pytest.mark.parametrize("kind", ["asset", "error", "state"])
def test_what_can_never_be_called_is_refused(made: Any, kind: str) -> None:
    """The error names the handler."""

    async def coroutine(event: object) -> None: ...

    for wrong in (None, "print", coroutine):
        with pytest.raises(ConfigurationError, match=f"on_{kind}"):
            getattr(made, f"on_{kind}")(wrong)
