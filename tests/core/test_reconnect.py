"""The policy of reconnecting: whether and when (L3)."""

from __future__ import annotations

import random
from itertools import islice

import pytest

from assetstream.core.reconnect import ReconnectPolicy, backoff
from assetstream.model.errors import AuthenticationError, ConnectionLost
from assetstream.protocol import NEVER, Limits

LIMITS = Limits(
    connects_per_second=2,
    reads_per_second=1,
    ping_interval=1,
    pong_timeout=1,
    audit_interval=1,
)
ALMOST_ONE = 1 - 2**-53


def longest(count: int) -> list[float]:
    """Return the first delays with the longest draw of each."""
    return [round(d, 9) for d in islice(backoff(lambda: ALMOST_ONE), count)]


def test_l3_the_longest_delay_doubles_up_to_60_s() -> None:
    """The ceiling grows exponentially to 60 s."""
    assert longest(9) == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_l3_full_jitter_draws_each_delay_from_all_of_its_range() -> None:
    """Many streams that lost one exchange do not come back together."""
    assert list(islice(backoff(lambda: 0.0), 8)) == [0.0] * 8
    assert list(islice(backoff(lambda: 0.25), 3)) == [0.25, 0.5, 1.0]


def test_l3_each_delay_is_drawn_anew() -> None:
    """One draw for each attempt, when it is asked for."""
    draws = iter([0.5, 0.0, 0.75])
    delays = backoff(lambda: next(draws))

    assert [next(delays), next(delays), next(delays)] == [0.5, 0.0, 3.0]


def test_l3_delays_stay_under_the_ceiling_for_ever() -> None:
    """Thousands of attempts neither overflow nor exceed the ceiling."""
    delays = list(islice(backoff(random.Random(0).random), 5000))

    assert min(delays) >= 0
    assert 50 < max(delays) < 60


@pytest.fixture
def policy() -> ReconnectPolicy:
    """A policy whose jitter is always the longest delay."""
    return ReconnectPolicy(LIMITS, lambda: 1.0)


def test_l3_delays_grow_to_a_minute(policy: ReconnectPolicy) -> None:
    """Delays double up to 60 s."""
    delays = [policy.next_at(0, -1000, NEVER) for _ in range(9)]

    assert delays == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_l3_reset_only_after_a_minute_live(policy: ReconnectPolicy) -> None:
    """Only 60 s of LIVE reset the delays."""
    for _ in range(5):
        policy.next_at(0, -1000, NEVER)
    assert policy.next_at(1000, -1000, 940.1) == 1032
    assert policy.next_at(1000, -1000, 940) == 1001


def test_l3_never_faster_than_the_exchange_allows() -> None:
    """The interval counts from the last attempt, however short the jitter."""
    policy = ReconnectPolicy(LIMITS, lambda: 0.0)

    assert policy.next_at(10.1, 10, NEVER) == 10.5
    assert policy.next_at(20, 10, NEVER) == 20


def test_a_refusal_before_live_is_final(policy: ReconnectPolicy) -> None:
    """A user who starts a stream can mend the key."""
    assert policy.is_final(AuthenticationError("no", fatal=True), False, 0)


def test_a_refusal_after_live_is_final_the_third_time(policy: ReconnectPolicy) -> None:
    """The third refusal in a row is final if 60 s have passed."""

    def refused(now: float) -> bool:
        error = AuthenticationError("no", fatal=True)
        final = policy.is_final(error, True, now)
        assert error.fatal is final
        return final

    assert [refused(0) for _ in range(4)] == [False] * 4
    assert not refused(59.9)
    assert refused(60.1)

    policy.accepted()
    assert not refused(61)
    assert not refused(122)
    assert refused(122)


def test_a_bad_certificate_is_final_only_at_first(policy: ReconnectPolicy) -> None:
    """A certificate that was good before may be good again."""
    bad = ConnectionLost("certificate", fatal=True)
    assert policy.is_final(bad, False, 0)
    assert bad.fatal
    assert not policy.is_final(bad, True, 0)
    assert not bad.fatal
