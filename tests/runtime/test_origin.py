"""The origin of a stream's balances need not be an exchange."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from decimal import Decimal

import pytest

from assetstream import AssetUpdate, Balance, Source, State, StateChange
from assetstream.model.errors import StreamStateError
from assetstream.runtime.dispatcher import Handlers
from assetstream.runtime.loop.registrations import registered
from assetstream.runtime.origin import Parts
from assetstream.runtime.settings import Settings
from assetstream.runtime.stream_run import StreamRun
from assetstream.streams.stream import Stream
from tests.support.event_recorder import PATIENCE, EventRecorder

WHEN = datetime(2026, 11, 30, tzinfo=timezone.utc)
SETTINGS = Settings("a", None, False, 10.0, 100, None, None, None)


class Constant:
    """Keeps a balance of SGD 7, and is LIVE from the start to the end."""

    deadline = math.inf

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.log: list[str] = []

    def due(self) -> None:
        raise AssertionError

    def enter(self) -> None:
        self.log.append("enter")

    def start(self) -> None:
        present = self.parts.present
        present.balances["SGD"] = balance = Balance(
            present.exchange, present.account, "SGD", Decimal(7), Decimal(0), WHEN,
            Source.SNAPSHOT, present.standing,
        )  # fmt: skip
        present.dead_at = math.inf
        update = AssetUpdate(
            *(balance.exchange, balance.account, "SGD", Decimal(7), Decimal(0)),
            *(None, WHEN, Source.SNAPSHOT),
        )
        self._change(State.CONNECTING)
        self.parts.publisher.publish([update])
        self._change(State.LIVE)

    def verify(self) -> None:
        self.log.append("verify")

    def stop(self, reason: str) -> None:
        self._change(State.STOPPED)
        self.parts.over()

    def crash(self, error: BaseException) -> None:
        raise AssertionError from error

    def close(self) -> None:
        self.log.append("close")

    def doubt(self, currency: str) -> str:
        return f"{currency} is as it is"

    def last_change(self, currency: str) -> Decimal:
        return Decimal(len(currency))

    def audit_interval(self, now: float) -> float | None:
        return 60.0

    def detection_time(self, now: float) -> float | None:
        return None

    def _change(self, state: State) -> None:
        present = self.parts.present
        previous, present.state = present.state, state
        change = StateChange("shop", present.account, previous, state, "so it is")
        self.parts.publisher.publish([change])


class ConstantOrigin:
    """Makes such sessions, and remembers them."""

    name = "shop"
    place = None

    def __init__(self) -> None:
        self.made: list[Constant] = []

    def session(self, parts: Parts) -> Constant:
        self.made.append(Constant(parts))
        return self.made[-1]


def test_a_stream_of_any_origin_is_a_stream(recorder: EventRecorder) -> None:
    """Handlers, waits, readings and the end are those of all streams."""
    origin = ConstantOrigin()
    stream = Stream(StreamRun(origin, SETTINGS, Handlers(asset=registered(recorder))))
    with stream:
        (session,) = origin.made
        assert stream.state is State.LIVE
        assert stream.balance("sgd", max_age=math.inf).total == 7
        met = stream.wait_until(lambda held: held["SGD"].total == 7, PATIENCE)
        assert list(met) == ["SGD"]
        health = stream.health()
        assert (health.audit_interval, health.detection_time) == (60.0, None)
        assert session.log == ["enter"]

    assert stream.state is State.STOPPED
    assert session.log == ["enter", "close"]


def test_any_number_of_streams_may_have_an_origin_without_a_place() -> None:
    """Nobody warns of the second, and nothing of it is left in the register."""
    streams = [Stream(StreamRun(ConstantOrigin(), SETTINGS, Handlers())) for _ in "ab"]
    for stream in streams:
        stream.start()
    for stream in streams:
        assert stream.stop()
        with pytest.raises(StreamStateError):
            stream.start()
