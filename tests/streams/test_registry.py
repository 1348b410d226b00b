"""Streams that run in one process, with the same key or until its end."""

from __future__ import annotations

import gc
from functools import partial
from typing import Any, Callable

import pytest

from assetstream import (
    AssetStream,
    State,
    StreamStateError,
    Upbit,
)
from assetstream.runtime.exchange_origin import ExchangeOrigin
from assetstream.simulator.account import Account
from assetstream.streams import registry
from assetstream.streams.stream import run_of
from tests.support.event_recorder import EventRecorder
from tests.support.interleaving import all_at_once, at_every_step

pytestmark = pytest.mark.usefixtures("no_rate_limits")


def test_a_stream_that_nobody_holds_is_stopped_at_exit(account: Account) -> None:
    """The registry keeps a running stream until it has ended."""
    recorder = EventRecorder()
    AssetStream(account.exchange(), on_state=recorder).start()
    gc.collect()
    registry._stop_all()

    assert recorder.states == ["CONNECTING", "LIVE", "STOPPED"]


def test_two_streams_of_one_key_are_allowed_with_a_warning(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    """A script may do so; a notebook replaces the older one."""
    with AssetStream(account.exchange()) as one, AssetStream(account.exchange()) as two:
        assert one.state is two.state is State.LIVE
        assert "another stream with the same key" in caplog.text


def test_inside_ipython_the_older_stream_is_replaced(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Running a cell again adds no second connection."""
    monkeypatch.setattr("assetstream.streams.registry._in_ipython", lambda: True)
    older = AssetStream(account.exchange())
    older.start()
    with AssetStream(account.exchange()) as newer:
        assert older.state is State.STOPPED
        with pytest.raises(StreamStateError):
            older.start()
        assert newer.state is State.LIVE


def registered() -> list[Any]:
    """Return the streams that are registered, of all keys and hosts."""
    return [stream for here in registry._uses.values() for stream in here]


class Competitor:
    """A stream of the same key as all others, and whoever has started it."""

    origin = ExchangeOrigin(Upbit("key", "secret", region="sg"))
    account = "mine"

    def __init__(self) -> None:
        self.gone = False

    def request_stop(self, reason: str) -> None:
        self.gone = True

    def stop(self, timeout: float | None = None) -> bool:
        registry.forget(self)
        return True


def test_a_stream_looks_at_those_of_its_key_alone() -> None:
    """However many there are: a group of a thousand is added to one by one."""

    class Place(tuple[str, str]):
        """The place of another key."""

        looked_at = 0

        def __hash__(self) -> int:
            Place.looked_at += 1
            return super().__hash__()

    class Origin:
        """Of a stream of another key."""

        place = Place(("other", "host"))

    stranger: Any = Competitor()
    stranger.origin = Origin
    mine: Any = Competitor()
    registry.announce(stranger, [stranger])
    before = Place.looked_at

    registry.announce(mine, [mine])

    assert Place.looked_at == before
    for each in (mine, stranger):
        registry.forget(each)
    assert not {mine, stranger} & {*registered()}


def test_d5_the_register_loses_nobody_under_any_interleaving(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Fault 15: of those that start at the same time one goes on, and is known."""
    monkeypatch.setattr(registry, "_in_ipython", lambda: True)
    competitors: list[Any] = [Competitor() for _ in range(8)]
    for _ in range(5):
        for each in competitors:
            each.gone = False
        all_at_once(*[partial(registry.announce, c, [c]) for c in competitors])
        (left,) = [each for each in competitors if not each.gone]
        assert registered() == [left]
        assert left in registry._running.values()
        registry.forget(left)
        assert left not in registered()


def test_d5_streams_of_one_key_are_all_known(account: Account) -> None:
    """When the newest has ended, the next one competes with those before it."""
    with AssetStream(account.exchange()) as one:
        with AssetStream(account.exchange()) as two:
            assert run_of(one) in registered()
            assert run_of(two) in registered()
        assert run_of(one) in registered()
        assert run_of(two) not in registered()
    assert run_of(one) not in registered()


def test_d5_the_register_loses_nobody_wherever_one_comes_in_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One of two is replaced and forgotten, and the other is known."""
    monkeypatch.setattr(registry, "_in_ipython", lambda: True)
    both: list[Any] = []

    def prepare() -> tuple[Callable[[], object], Callable[[], object]]:
        for each in both:
            registry.forget(each)
        both[:] = Competitor(), Competitor()
        one, two = (partial(registry.announce, each, [each]) for each in both)
        return one, two

    def check() -> None:
        (left,) = [each for each in both if not each.gone]
        assert registered() == [left]

    assert at_every_step(prepare, check) > 10
    for each in both:
        registry.forget(each)
