"""A worker as the origin of balances."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from assetstream.core.present import Present
from assetstream.runtime.origin import Parts
from assetstream.sharing.follower import Follower
from assetstream.sharing.remote_origin import RemoteOrigin


def test_the_owner_tells_which_exchange_it_is() -> None:
    """Before that it is not known; any number of streams may have it."""
    asked: list[Any] = []
    # As much of them as is looked at.
    parts = SimpleNamespace(
        present=Present("", "alice"),
        settings=SimpleNamespace(account="alice"),
        publisher=None,
        dispatcher=None,
        post=None,
        over=None,
    )

    def follower(parts: Parts) -> Follower:
        asked.append(parts)
        return cast(Follower, None)

    origin = RemoteOrigin(follower, 3.0)
    assert (origin.name, origin.place) == ("", None)

    session = origin.session(cast(Parts, parts))

    assert asked == [parts]
    assert session.book.present is parts.present
    assert origin.name == ""
    parts.present.exchange = "upbit"
    assert origin.name == "upbit"
