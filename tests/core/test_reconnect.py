"""The policy of reconnecting: whether and when (L3)."""

from __future__ import annotations

import random
from decimal import Decimal
from itertools import islice

import pytest

from assetstream.core.reconnect import ReconnectPolicy, backoff
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ConnectionLost,
    ProtocolError,
    RateLimited,
)
from assetstream.protocol import NEVER, Limits, Rate
from tests.support.world.exchange import Push
from tests.support.world.luck import Steady
from tests.support.world.world import World

LIMITS = Limits(
    connects=Rate(2, 1.0),
    reads=Rate(1, 1.0),
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


def recoveries(exchange: str, live: tuple[float, float], losses: int) -> list[float]:
    """Return the seconds from each loss of a connection to LIVE, by the real machine.

    Args:
        exchange: its name.
        live: each connection is LIVE for a time between these, seconds.
        losses: how many there are.
    """
    rng = random.Random(5)
    world = World(exchange)
    account = world.open_account(rng, Steady(rng))
    account.change("BTC", (Decimal(5), Decimal(0)), Push())
    account.start()
    times: list[float] = []
    for _ in range(losses + 1):
        lost_at = world.timeline.now
        while not account.is_live:
            world.timeline.advance(0.02)
        times.append(world.timeline.now - lost_at)
        world.timeline.advance(rng.uniform(*live))
        assert account.is_live
        account.lose_connection()
    return sorted(times[1:])


@pytest.mark.parametrize("exchange", ["coinw", "upbit"])
def test_l3_recovery_from_a_loss_takes_a_second_and_the_exchanges_time(
    exchange: str,
) -> None:
    """The exchange takes up to 0.4 s to connect and 0.5 s to read."""
    times = recoveries(exchange, (60.0, 200.0), 100)

    assert times[-1] < 1.0 + 0.9 + 0.2
    assert times[len(times) // 2] < 1.5


def test_l3_recovery_of_a_connection_that_flaps_takes_ten_seconds_at_most() -> None:
    """It is LIVE for up to half a minute each time."""
    times = recoveries("upbit", (1.0, 30.0), 100)

    assert times[-1] < 10.0
    assert times[len(times) // 2] < 5.5


@pytest.fixture
def policy() -> ReconnectPolicy:
    """A policy whose jitter is always the longest delay."""
    return ReconnectPolicy(LIMITS, lambda: 1.0)


def test_l3_delays_grow_to_a_minute(policy: ReconnectPolicy) -> None:
    """Delays double up to 60 s."""
    delays = [policy.next_at(0, -1000, NEVER) for _ in range(9)]

    assert delays == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_l3_the_first_attempt_after_live_comes_within_a_second() -> None:
    """A connection that worked for a minute is made again at once, with jitter."""
    for draw, delay in ((0.0, 0.0), (0.5, 0.5), (ALMOST_ONE, 1.0)):
        policy = ReconnectPolicy(LIMITS, lambda draw=draw: draw)  # type: ignore[misc]
        assert policy.next_at(1000, -1000, 940) == pytest.approx(1000 + delay)


def test_l3_live_ends_the_row_of_failed_attempts(policy: ReconnectPolicy) -> None:
    """Failures before it count no more, though LIVE lasted for a second only."""
    for _ in range(5):
        policy.next_at(0, -1000, NEVER)
    assert policy.next_at(1000, -1000, 999) == 1001
    assert [policy.next_at(1000, -1000, NEVER) for _ in range(3)] == [1001, 1002, 1004]


def test_l3_a_row_of_short_connections_waits_longer(policy: ReconnectPolicy) -> None:
    """1, 2, 4, 8 and at most 10 s, until a connection was LIVE for a minute."""

    def waits(live: float, count: int) -> list[float]:
        return [policy.next_at(1000, -1000, 1000 - live) - 1000 for _ in range(count)]

    assert waits(59.9, 1100) == [1, 2, 4, 8] + 1096 * [10], "for hours on end"
    policy.next_at(1000, -1000, NEVER)
    assert waits(59.9, 1) == [10], "a failed attempt is no connection that works"
    assert waits(60, 2) == [1, 1]
    assert waits(59.9, 3) == [1, 2, 4]


@pytest.mark.parametrize(
    ("live", "longest"), [(0.0, 1), (3.0, 1), (4.0, 1), (8.0, 2), (20.0, 5), (40.0, 10)]
)
def test_l3_what_works_is_not_kept_away_for_long(
    policy: ReconnectPolicy, live: float, longest: float
) -> None:
    """At most a quarter of the time it was LIVE, but a second may always be waited."""
    waits = [policy.next_at(1000, -1000, 1000 - live) - 1000 for _ in range(9)]

    assert max(waits) == waits[-1] == longest


def test_l3_a_kicked_stream_is_live_for_most_of_the_time(
    policy: ReconnectPolicy,
) -> None:
    """An exchange that ends each connection after 20 s costs a fifth of the time."""
    now, live = 0.0, 0.0
    began = now
    for _ in range(100):
        now, live = now + 20.5, live + 20.0
        now = began = policy.next_at(now, began, now - 20.0)

    assert live / now > 0.77


def test_l7_a_connection_that_has_worked_is_replaced_when_its_end_is_announced(
    policy: ReconnectPolicy,
) -> None:
    """Nothing is held against it."""
    for _ in range(5):
        policy.next_at(1000, -1000, 940.1)
        policy.next_at(1000, -1000, NEVER)

    assert policy.renews(1000, 0, 940)
    policy.worked()
    assert policy.next_at(1000, -1000, NEVER) == 1001, "the row of failures is over"
    assert policy.next_at(1000, -1000, 940.1) == 1001, "that of short lives, too"


def test_l7_announcing_ends_again_and_again_slows_down(policy: ReconnectPolicy) -> None:
    """An exchange that says so to each new connection is not called on and on."""
    short = [policy.next_at(1000, -1000, 940.1) - 1000]
    assert not policy.renews(1000, -1000, 940.1)
    short += [policy.next_at(1000, -1000, 940.1) - 1000]

    assert short == [1, 2]
    assert not policy.renews(1000, -1000, NEVER)
    assert not policy.renews(1000, 999.9, 940), "the exchange's own pace"


def test_l3_never_faster_than_the_exchange_allows() -> None:
    """The interval counts from the last attempt, however short the jitter."""
    policy = ReconnectPolicy(LIMITS, lambda: 0.0)

    assert policy.next_at(10.1, 10, NEVER) == 10.5
    assert policy.next_at(20, 10, NEVER) == 20


def test_a_refusal_before_live_is_final(policy: ReconnectPolicy) -> None:
    """A user who starts a stream can mend the key."""
    assert policy.is_final(AuthenticationError("no", fatal=True), False, 0)


def refused(policy: ReconnectPolicy, now: float) -> bool:
    """Report a refusal to a stream that was LIVE; return whether it ends that."""
    error = AuthenticationError("no", fatal=True)
    final = policy.is_final(error, True, now)
    assert error.fatal is final
    return final


def test_a_refusal_after_live_is_final_the_third_time(policy: ReconnectPolicy) -> None:
    """The third refusal in a row is final if 60 s have passed."""
    assert [refused(policy, 0) for _ in range(4)] == [False] * 4
    assert not refused(policy, 59.9)
    assert refused(policy, 60.1)

    policy.accepted()
    assert not refused(policy, 61)
    assert not refused(policy, 120.9)
    assert not refused(policy, 120.9)
    assert refused(policy, 121)


@pytest.mark.parametrize(
    "other",
    [
        ConnectionLost("503"),
        ConnectionLost("certificate", fatal=True),
        RateLimited("429"),
        AuthenticationError("nonce_used"),
        ProtocolError("HTML"),
    ],
)
def test_any_other_outcome_begins_the_count_of_refusals_anew(
    policy: ReconnectPolicy, other: AssetStreamError
) -> None:
    """Maintenance between refusals: the exchange does not refuse each time."""
    refused(policy, 0)
    refused(policy, 30)
    assert not policy.is_final(other, True, 40)
    assert not refused(policy, 3000)
    assert not refused(policy, 3030)
    assert refused(policy, 3060)


def test_a_bad_certificate_is_final_only_at_first(policy: ReconnectPolicy) -> None:
    """A certificate that was good before may be good again."""
    bad = ConnectionLost("certificate", fatal=True)
    assert policy.is_final(bad, False, 0)
    assert bad.fatal
    assert not policy.is_final(bad, True, 0)
    assert bad.fatal is False
