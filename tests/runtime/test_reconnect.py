"""Whether and when to connect again (L3)."""

from __future__ import annotations

from typing import Any

import pytest

from assetstream import AuthenticationError, ConnectionLost, RateLimited
from assetstream.protocol import Limits
from assetstream.runtime.link import Link
from assetstream.runtime.reconnect import Attempts

LIMITS = Limits(
    connects_per_second=2,
    reads_per_second=1,
    ping_interval=1,
    pong_timeout=1,
    audit_interval=1,
)
LOST = ConnectionLost("lost")


@pytest.fixture
def attempts() -> Attempts:
    """Jitter that always takes the longest delay."""
    return Attempts(LIMITS, lambda: 1.0)


def link(began: float = -1000.0, live_since: float | None = None) -> Link:
    made = Link(began=began)
    if live_since is not None:
        made.live_since = live_since
    return made


def test_l3_delays_grow_to_a_minute(attempts: Attempts) -> None:
    """Doubling, and no longer than 60 s."""
    delays = [attempts.next_at(0, LOST, link()) for _ in range(9)]

    assert delays == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_l3_reset_only_after_a_minute_live(attempts: Attempts) -> None:
    """Being connected is not health; having been LIVE for 60 s is."""
    for _ in range(5):
        attempts.next_at(0, LOST, link())
    assert attempts.next_at(1000, LOST, link(live_since=940.1)) == 1032
    assert attempts.next_at(1000, LOST, link(live_since=940)) == 1001


def test_l3_never_faster_than_the_exchange_allows() -> None:
    """Counted from the last attempt, however short the jitter."""
    attempts = Attempts(LIMITS, lambda: 0.0)

    assert attempts.next_at(10.1, LOST, link(began=10)) == 10.5
    assert attempts.next_at(20, LOST, link(began=10)) == 20


def test_l3_retry_after(attempts: Attempts) -> None:
    """Whatever backoff says, not before the exchange's own time."""
    assert attempts.next_at(0, RateLimited("x", retry_after=30), link()) == 30
    assert attempts.next_at(0, RateLimited("x", retry_after=0.1), link()) == 2


def test_a_refusal_before_live_is_final(attempts: Attempts) -> None:
    """The user is there to mend the key."""
    assert attempts.end_with(AuthenticationError("no", fatal=True), was_live=False)


def test_a_refusal_after_live_is_final_the_third_time(
    attempts: Attempts, time_machine: Any
) -> None:
    """In a row, over at least 60 s."""

    def refused() -> bool:
        error = AuthenticationError("no", fatal=True)
        final = attempts.end_with(error, was_live=True)
        assert error.fatal is final
        return final

    assert [refused() for _ in range(4)] == [False] * 4
    time_machine.jump(59.9)
    assert not refused()
    time_machine.jump(0.2)
    assert refused()

    attempts.accepted()
    assert not refused()
    time_machine.jump(61)
    assert not refused()
    assert refused()


def test_a_bad_certificate_is_final_only_at_first(attempts: Attempts) -> None:
    """One that was good before may be good again."""
    bad = ConnectionLost("certificate", fatal=True)
    assert attempts.end_with(bad, was_live=False)
    assert bad.fatal
    assert not attempts.end_with(bad, was_live=True)
    assert not bad.fatal
