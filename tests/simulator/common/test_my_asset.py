"""What the simulated exchanges of one dialect have in common."""

from __future__ import annotations

import json
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest

from assetstream.simulator.common.my_asset import (
    FrameStamps,
    RequestError,
    TicketSession,
    amended,
    named_refusal,
    rest_entries,
)
from assetstream.simulator.context import Context
from assetstream.simulator.ledger import LedgerChange, LedgerEntry
from assetstream.simulator.messages import Kind, Message

ZERO = Decimal(0)


class Wire:
    """A connection that keeps what is sent, and runs what is due when told."""

    last_received = last_sent = 0.0

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.later: list[tuple[float, Any]] = []
        self.closed = False

    def now(self) -> float:
        return 0.0

    def send(self, message: Message) -> None:
        assert message.binary
        self.sent.append((message.kind, json.loads(message.payload)))

    def close(self, code: int = 1000, reason: str = "") -> None:
        self.closed = True

    def drop(self, *, reset: bool = False) -> None:
        raise AssertionError

    def call_later(self, delay: float, action: Any) -> None:
        self.later.append((delay, action))

    def run(self) -> float:
        delay, action = self.later.pop(0)
        action()
        return delay


class Session(TicketSession):
    """Refuses everything."""

    exchange = "upbit"
    errors = MappingProxyType({"NO": "words"})

    def _request(self, payload: bytes) -> None:
        self._parts(payload)
        raise RequestError("NO")


def session(wire: Wire) -> Session:
    """Return a session that nobody has logged in to."""
    context = Context(
        seed=0,
        idle_timeout=60.0,
        status_interval=10.0,
        rate_limits=False,
        region="sg",
    )
    account: Any = None
    return Session(context, wire, account)


def test_an_error_is_sent_once_and_closes_a_moment_later() -> None:
    """Nothing is answered behind it."""
    wire = Wire()
    refusing = session(wire)
    for _ in range(2):
        refusing.received(b"[{}]")
    refusing.fail("NO")
    refusing.received(b"PING")

    assert wire.sent == [(Kind.ERROR, {"error": {"name": "NO", "message": "words"}})]
    assert not wire.closed
    assert wire.run() == 0.15
    assert wire.closed


@pytest.mark.parametrize("payload", [b"{", b"{}", b"[1]", b"\xff"])
def test_what_is_no_list_of_objects_has_the_wrong_format(payload: bytes) -> None:
    """Whatever it would ask for."""
    with pytest.raises(RequestError, match="WRONG_FORMAT"):
        Session._parts(payload)


@pytest.mark.parametrize("delay", [0.0, 3.0])
def test_one_ping_is_answered_again_and_again(delay: float) -> None:
    """The first time at once, or after a while."""
    wire = Wire()
    pinged = session(wire)
    pinged.status_delay = delay
    for _ in range(2):
        pinged.received(b"PING")
    if delay:
        assert wire.run() == delay

    assert wire.run() == 10.0
    assert wire.sent == [(Kind.STATUS, {"status": "UP"})] * 2
    assert len(wire.later) == 1


def test_stamps_of_one_currency_never_go_back() -> None:
    """Frames of one change are a millisecond apart."""
    stamps = FrameStamps()
    entries = tuple(LedgerEntry(code, ZERO, ZERO, 0) for code in ("A", "B"))
    change = LedgerChange("deposit", 100, entries)
    earlier = LedgerChange("deposit", 90, entries[1:])

    assert [stamps.next(change, place) for place in (0, 1)] == [100, 101]
    assert stamps.next(earlier, 0) == 101


def test_rest_names_what_is_held_only() -> None:
    """All digits, as texts."""
    held = {"A": (Decimal("1E-8"), ZERO), "B": (ZERO, ZERO), "C": (ZERO, Decimal(1))}
    entries = rest_entries(held, "A")

    assert [(e["currency"], e["balance"], e["locked"]) for e in entries] == [
        ("A", "0.00000001", "0"),
        ("C", "0", "1"),
    ]


def test_a_recorded_reply_is_brought_up_to_date() -> None:
    """What it has is changed, what it lacks is added, odd entries stay."""
    body = b'[{"currency":"a","balance":"1","locked":"0","x":1.50},7]'
    newer = {"A": (Decimal(2), ZERO), "B": (Decimal(3), Decimal(4))}

    assert amended(body, newer) == (
        b'[{"currency":"a","balance":"2","locked":"0","x":1.50},7,'
        b'{"currency":"B","balance":"3","locked":"4"}]'
    )
    assert amended(b"null", {}) == b"[]"


def test_a_refusal_is_made_of_a_table() -> None:
    """Another status and headers may be given."""
    table = {"a": (401, "words")}
    reply = named_refusal(table, "a", status=403, headers={"Retry_After": "1"}).reply

    assert json.loads(reply.body) == {"error": {"name": "a", "message": "words"}}
    assert (reply.status, reply.headers["Retry-After"]) == (403, "1")
    assert named_refusal(table, "a").reply.status == 401
