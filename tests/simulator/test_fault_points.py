"""The points at which faults are called."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Iterable

import pytest

from assetstream.simulator import Fault, Kind, Message, Reply
from assetstream.simulator.fault_points import FaultPoints

ONE, TWO = Reply(501), Reply(502)


class Points(FaultPoints):
    """A fault that overrides some points."""

    def __init__(self, *overrides: dict[str, Any]) -> None:
        super().__init__()
        for points in overrides:
            fault = Fault()
            for name, point in points.items():
                setattr(fault, name, point)
            self.on = (*self.on, fault)


def test_without_faults_nothing_is_disturbed() -> None:
    """A fault that overrides no point does nothing."""
    message = Message(Kind.PUSH, b"{}")
    for points in (FaultPoints(), Points({})):
        for point in ("accepted", "opened", "identified", "refused", "closed"):
            points.notify(point, *[None] * {"accepted": 0, "refused": 2}.get(point, 1))
        assert points.reply("upgrade", None) is None
        assert points.reply("rest", None) is None
        assert points.reply("read", None) is None
        assert points.allow("login", None)
        assert points.allow("subscription", None)
        assert points.allow("pong", None)
        assert points.seconds("ahead", "upbit") == points.seconds("lag", None) == 0.0
        assert points.replace("wire", None, b"frame") == b"frame"
        assert points.replace("shown", None, {"BTC": (Decimal(1), Decimal(0))})
        assert [*points.spread("head", None, b"head")] == [b"head"]
        assert [*points.spread("sending", None, message)] == [message]
        assert points.received(None, b"payload") == b"payload"
        assert points.portion(None) is None
        assert not points.frozen(None)


def test_every_fault_is_notified_in_order() -> None:
    """Each gets all arguments of the point."""
    calls = list[Any]()
    points = Points(
        {"refused": lambda *about: calls.append((1, *about))},
        {"refused": lambda *about: calls.append((2, *about))},
    )
    points.notify("refused", "request", "reply")

    assert calls == [(1, "request", "reply"), (2, "request", "reply")]


def test_the_first_reply_counts() -> None:
    """Later faults are not called, as they may wait."""
    points = Points(
        {"rest": lambda request: None},
        {"rest": lambda request: ONE},
        {"rest": lambda request: pytest.fail("asked")},
    )

    assert points.reply("rest", "request") is ONE
    assert points.reply("upgrade", "request") is None


def test_one_refusal_is_enough() -> None:
    """One fault refuses though another allows."""
    points = Points({"login": lambda account: account != "mine"}, {})

    assert points.allow("login", "other")
    assert not points.allow("login", "mine")


def test_seconds_and_portions_and_freezing_are_combined() -> None:
    """Seconds are added, the smallest portion counts, any freezes."""
    points = Points(
        {"lag": lambda account: 2.0, "portion": lambda connection: 7},
        {"lag": lambda account: 0.5, "portion": lambda connection: 1},
        {"frozen": lambda connection: connection == "mine"},
    )

    assert points.seconds("lag", None) == 2.5
    assert points.portion(None) == 1
    assert points.frozen("mine")
    assert not points.frozen("other")


def test_values_go_through_all_faults() -> None:
    """Each fault gets the result of the one before."""

    def double(connection: object, message: Message) -> Iterable[Message]:
        return (message, message)

    points = Points(
        {
            "wire": lambda connection, frame: frame + b"1",
            "received": lambda connection, payload: payload + b"1",
            "sending": double,
        },
        {
            "wire": lambda connection, frame: frame + b"2",
            "received": lambda connection, payload: payload + b"2",
            "sending": double,
        },
    )

    assert points.replace("wire", None, b"0") == b"012"
    assert points.received(None, b"0") == b"012"
    assert len([*points.spread("sending", None, Message(Kind.PUSH, b""))]) == 4


def test_a_swallowed_payload_reaches_no_other_fault() -> None:
    """No fault may act on a payload that was not received."""
    points = Points(
        {"received": lambda connection, payload: None},
        {"received": lambda connection, payload: pytest.fail("asked")},
    )

    assert points.received(None, b"payload") is None


def test_pieces_are_made_one_by_one() -> None:
    """A fault that pauses delays only the next pieces."""
    made = list[bytes]()

    def split(request: object, head: bytes) -> Iterable[bytes]:
        for byte in head:
            made.append(bytes([byte]))
            yield made[-1]

    pieces = iter(Points({"head": split}).spread("head", None, b"abc"))
    assert made == []
    assert next(pieces) == b"a"
    assert made == [b"a"]
    assert [*pieces] == [b"b", b"c"]
