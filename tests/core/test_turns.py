"""The queue of one place (L4, A6)."""

from __future__ import annotations

import heapq
import itertools
import math
import random

import pytest

from assetstream.core.effects import Turn
from assetstream.core.turns import MARGIN, QUICKLY, Turns
from assetstream.protocol import Limits, Rate

CONNECT, RENEW = Turn.CONNECT, Turn.RENEW
SNAPSHOT, AUDIT = Turn.SNAPSHOT, Turn.AUDIT


@pytest.fixture
def turns() -> Turns:
    """A place with one connect and five reads a second."""
    return place(Rate(5, 1.0))


ONE_A_SECOND = Rate(1, 1.0)


def place(reads: Rate, connects: Rate = ONE_A_SECOND) -> Turns:
    """A place with so many connects, one a second by default, and reads."""
    return Turns(
        Limits(
            connects=Rate(5, 1.0),
            reads=Rate(5, 1.0),
            ping_interval=1,
            pong_timeout=1,
            audit_interval=60,
            connects_together=connects,
            reads_together=reads,
        )
    )


def granted(turns: Turns, until: float) -> list[tuple[float, object, int]]:
    """Return every grant up to a time, with its time."""
    found: list[tuple[float, object, int]] = []
    now = 0.0
    while turns.next_at <= until and turns.next_at < math.inf:
        now = max(now, turns.next_at)
        found += [(now, asker, ticket) for asker, ticket in turns.grants(now)]
    return found


def test_nobody_waits_where_nobody_asked(turns: Turns) -> None:
    """The first request is granted at once."""
    assert turns.next_at == math.inf
    assert turns.grants(0.0) == []
    turns.ask("a", 1, CONNECT)
    assert turns.next_at <= 0.0
    assert turns.grants(0.0) == [("a", 1)]
    assert turns.next_at == math.inf


def test_l4_no_second_has_more_than_the_rate(turns: Turns) -> None:
    """The rate holds for every window of a second, after a quiet time too."""
    for ticket in range(20):
        turns.ask("a", ticket, AUDIT)
    times = [at for at, _, _ in granted(turns, 1000.0)]
    for ticket in range(20):
        turns.ask("a", ticket, AUDIT)
    assert turns.grants(1000.0) == [("a", 0)]
    times += [1000.0]

    assert len(times) == 21
    for start in times:
        assert sum(start <= at < start + 1.0 for at in times) <= 5


def waits(turns: Turns, count: int) -> list[float]:
    """Return when each of so many who ask at once is granted an audit."""
    for ticket in range(count):
        turns.ask("a", ticket, AUDIT)
    return [at for at, _, _ in granted(turns, math.inf)]


def test_l4_what_is_counted_over_minutes_is_not_spread_over_all_of_them() -> None:
    """Ten in a minute: five a second, and the eleventh when the first is over."""
    times = waits(place(Rate(10, 60.0)), 25)

    assert times[:10] == pytest.approx([n * QUICKLY for n in range(10)])
    assert times[10:20] == pytest.approx([63.0 + n * QUICKLY for n in range(10)])
    assert times[20] == pytest.approx(126.0)


def test_l4_a_place_that_was_quiet_for_less_than_the_window_has_less_left() -> None:
    """What was granted before counts until it is a window old."""
    turns = place(Rate(3, 60.0))
    assert [at for at in waits(turns, 2)] == [0.0, QUICKLY]
    turns.ask("a", 7, AUDIT)
    assert turns.grants(50.0) == [("a", 7)]

    for ticket in range(2):
        turns.ask("a", ticket, AUDIT)
    assert turns.next_at == pytest.approx(63.0)
    assert turns.grants(63.0) == [("a", 0)]
    assert turns.next_at == pytest.approx(63.0 + QUICKLY)


@pytest.mark.parametrize("rate", [Rate(50, 59.9), Rate(600, 60.0)])
def test_l4_what_is_counted_shortly_or_may_be_often_is_spread(rate: Rate) -> None:
    """So it arrives within the limit, however unevenly."""
    times = waits(place(rate), 2 * rate.count)

    assert times[:3] == pytest.approx([n * MARGIN * rate.pace for n in range(3)])
    assert times[-1] == pytest.approx((len(times) - 1) * MARGIN * rate.pace)


def test_l4_the_time_of_all_members_is_known() -> None:
    """Whole windows, and the rest one by one."""
    turns = place(Rate(10, 60.0))
    for member in range(13):
        turns.join(member)

    assert turns.audit_time == pytest.approx(2 * 63.0 + 6 * QUICKLY)
    assert turns.least_audit_interval == pytest.approx(13 / 5 * 60.0)


def test_l4_those_who_ask_are_served_in_order(turns: Turns) -> None:
    """Requests are granted in order, whichever stream they are of."""
    for ticket, asker in enumerate("abcab"):
        turns.ask(asker, ticket, CONNECT)

    assert [who for _, who, _ in granted(turns, 60.0)] == list("abcab")


def test_a6_snapshots_go_before_audits_of_whichever_stream(turns: Turns) -> None:
    """A snapshot, which LIVE waits for, comes before any audit."""
    for ticket in range(3):
        turns.ask("audited", ticket, AUDIT)
    turns.ask("new", 9, SNAPSHOT)

    assert [who for _, who, _ in granted(turns, 60.0)] == ["new"] + ["audited"] * 3


def test_l7_who_has_no_connection_goes_before_who_has_one(turns: Turns) -> None:
    """They share the exchange's limit."""
    for ticket in range(3):
        turns.ask("live", ticket, RENEW)
    turns.ask("down", 9, CONNECT)

    order = granted(turns, 60.0)
    assert [who for _, who, _ in order] == ["down"] + ["live"] * 3
    assert [when for when, _, _ in order] == pytest.approx(
        [n * CONNECTING for n in range(4)]
    )


@pytest.mark.parametrize("turn", [CONNECT, SNAPSHOT])
def test_l7_renewals_wait_while_the_exchange_holds_back(
    turns: Turns, turn: Turn
) -> None:
    """Connects or reads: the new connection would be of no use without its read."""
    turns.ask("live", 1, RENEW)
    turns.hold_back(turn, 5.0, 0.0)

    assert granted(turns, 60.0) == [(5.0, "live", 1)]


def test_l7_renewals_do_not_wait_for_reads_that_go_on(turns: Turns) -> None:
    """One whose read is granted at every moment at which there may be one."""
    for ticket in range(100):
        turns.ask("audited", ticket, AUDIT)
    turns.ask("live", 100, RENEW)

    assert "live" in [who for _, who, _ in granted(turns, 1.0)]


def test_l7_renewals_leave_turns_to_those_who_lose_their_connection() -> None:
    """What is counted over minutes they do not use up at once."""
    turns = place(Rate(5, 1.0), connects=Rate(300, 300.0))
    for ticket in range(300):
        turns.ask("live", ticket, RENEW)
    before = granted(turns, 61.0)
    turns.ask("down", 300, CONNECT)

    assert len(before) == pytest.approx(61.0 / MARGIN, abs=1)
    assert next(iter(granted(turns, 62.0)))[1] == "down"
    assert granted(turns, 400.0)[-1][0] == pytest.approx(301 * MARGIN, abs=3)


@pytest.mark.parametrize("leaves", [True, False])
def test_l7_who_renews_no_more_leaves_the_queue(turns: Turns, leaves: bool) -> None:
    """Its connection was ended, or it was stopped."""
    turns.join("gone")
    turns.ask("gone", 1, RENEW)
    turns.ask("live", 2, RENEW)
    if leaves:
        turns.leave("gone")
    else:
        turns.forgo("gone", 1)

    assert [who for _, who, _ in granted(turns, 60.0)] == ["live"]


def test_connects_and_reads_do_not_wait_for_each_other(turns: Turns) -> None:
    """Exchanges count connects and reads apart."""
    turns.ask("a", 1, CONNECT)
    turns.ask("a", 2, AUDIT)

    assert turns.grants(0.0) == [("a", 1), ("a", 2)]


def test_l4_whoever_is_gone_leaves_the_queue(turns: Turns) -> None:
    """A request that was withdrawn uses no turn."""
    turns.join("gone")
    turns.ask("gone", 1, CONNECT)
    turns.ask("gone", 2, AUDIT)
    turns.ask("gone", 3, SNAPSHOT)
    turns.ask("stays", 4, CONNECT)
    turns.ask("stays", 5, CONNECT)
    turns.leave("gone")
    turns.forgo("stays", 4)
    turns.forgo("stays", 4)

    assert turns.grants(0.0) == [("stays", 5)]
    assert turns.next_at == math.inf


def test_l4_whoever_needs_no_read_any_more_leaves_the_queue(turns: Turns) -> None:
    turns.ask("a", 1, AUDIT)
    turns.ask("a", 2, SNAPSHOT)
    turns.forgo("a", 1)
    turns.forgo("a", 2)

    assert turns.next_at == math.inf


def test_l4_a_place_is_held_back_as_a_whole(turns: Turns) -> None:
    """Connects and reads are held apart; a shorter wait undoes nothing."""
    turns.hold_back(SNAPSHOT, 30.0, 0.0)
    turns.hold_back(AUDIT, 5.0, 1.0)
    turns.ask("a", 1, AUDIT)
    turns.ask("a", 2, CONNECT)

    assert turns.grants(0.0) == [("a", 2)]
    assert turns.next_at == 30.0
    assert turns.grants(29.9) == []
    assert turns.grants(30.0) == [("a", 1)]


def test_a1_audits_leave_each_member_its_part(turns: Turns) -> None:
    """Audits get half of the reads, less the time of connects."""
    assert turns.least_audit_interval == 0
    for member in range(100):
        turns.join(member)
    turns.join(5)

    assert len(turns.members) == 100
    assert turns.least_audit_interval == 40.0
    assert turns.connect_time == pytest.approx(105.0)
    assert turns.audit_time == pytest.approx(42.0)


def test_a1_a_new_interval_is_announced_when_it_is_another(turns: Turns) -> None:
    """With few members each change is announced; with many, a change of a tenth."""
    announced: list[float] = []
    for member in range(1000):
        turns.join(member)
        least = turns.announcement()
        if least is not None:
            announced.append(least)
    assert announced[:4] == [0.4, 0.8, 1.2, 1.6]
    assert len(announced) < 60
    assert announced[-1] == pytest.approx(400.0, rel=0.1)
    for member in range(999):
        turns.leave(member)
        least = turns.announcement()
        if least is not None:
            announced.append(least)

    assert announced[-1] == turns.least_audit_interval == 0.4


@pytest.mark.parametrize("reads", [1, 2, 5])
def test_a1_the_first_member_is_told_its_interval_once(reads: int) -> None:
    """Whatever it is; before, there is nobody to be told."""
    turns = place(Rate(reads, 1.0))
    assert turns.announcement() is None
    turns.join("a")

    assert turns.announcement() == 2.0 / reads
    assert turns.announcement() is None


def test_a_random_crowd_gets_every_turn_once(turns: Turns) -> None:
    """No turn is lost, doubled or early, whoever comes and goes."""
    rng = random.Random(7)
    now, ticket = 0.0, 0
    waiting: set[tuple[object, int]] = set()
    for _ in range(3000):
        now += rng.expovariate(20)
        what, asker = rng.random(), rng.randrange(9)
        if what < 0.5:
            ticket += 1
            turns.ask(asker, ticket, rng.choice(list(Turn)))
            waiting.add((asker, ticket))
        elif what < 0.52:
            turns.leave(asker)
            waiting = {who for who in waiting if who[0] != asker}
        elif what < 0.53:
            turns.hold_back(rng.choice(list(Turn)), rng.uniform(0, 2), now)
        due = turns.next_at
        granted_now = turns.grants(now)
        assert bool(granted_now) == (due <= now)
        assert set(granted_now) <= waiting
        waiting -= set(granted_now)

    turns.hold_back(Turn.CONNECT, 0.0, now)
    rest = {(asker, ticket) for _, asker, ticket in granted(turns, math.inf)}
    assert rest == waiting


# A thousand accounts at one place, in simulated time.

CROWD = 1000
#: Seconds between two reads, and two connects.
READ, CONNECTING = 1.05 / 5.0, 1.05


def test_a6_snapshots_do_not_wait_behind_others_audits(turns: Turns) -> None:
    """A change of format puts all in doubt, again and again; 20 streams reconnect."""
    tickets = itertools.count()
    waiting = dict[object, int]()
    snapshots, waits = dict[int, float](), list[float]()
    now = 0.0
    while len(waits) < 20:
        for account in set(range(CROWD)) - waiting.keys():
            waiting[account] = next(tickets)
            turns.ask(account, waiting[account], AUDIT)
        if now >= 60.0 and not snapshots:
            for account in range(0, CROWD, CROWD // 20):
                turns.forgo(account, waiting[account])
                waiting[account] = next(tickets)
                turns.ask(account, waiting[account], SNAPSHOT)
                snapshots[waiting[account]] = now
        now = max(now, turns.next_at)
        for account, ticket in turns.grants(now):
            del waiting[account]
            if ticket in snapshots:
                waits.append(now - snapshots[ticket])

    assert max(waits) <= 21 * READ


def test_l4_all_connect_again_at_the_exchanges_pace(turns: Turns) -> None:
    """None waits longer than the limit makes it, and none goes twice before another."""
    for account in range(CROWD):
        turns.ask(account, account, CONNECT)
    granted_at = dict[object, float]()
    now = 0.0
    while len(granted_at) < CROWD:
        now = max(now, turns.next_at)
        for account, ticket in turns.grants(now):
            assert account not in granted_at
            granted_at[account] = now
            if account == 0:  # It is refused and asks at once, each time.
                turns.ask(account, CROWD + ticket, CONNECT)

    assert max(granted_at.values()) == pytest.approx((CROWD - 1) * CONNECTING)


def test_l4_whoever_leaves_costs_nobody_a_turn(turns: Turns) -> None:
    """Nine of ten are removed while all wait: the others go at once."""
    for account in range(CROWD):
        turns.join(account)
        turns.ask(account, account, CONNECT)
    for account in range(CROWD):
        if account % 10:
            turns.leave(account)
    last = granted(turns, math.inf)[-1]

    assert last[1] == CROWD - 10
    assert last[0] == pytest.approx((CROWD / 10 - 1) * CONNECTING)
    assert len(turns.members) == CROWD / 10


def test_l4_a_retry_after_in_the_middle_holds_back_all_who_wait(turns: Turns) -> None:
    """Nobody dials or is forgotten meanwhile; then it goes on at the same pace."""
    for account in range(CROWD):
        turns.ask(account, account, CONNECT)
    before = granted(turns, 100.0)
    turns.hold_back(CONNECT, 60.0, 100.0)
    after = granted(turns, math.inf)

    assert after[0][0] == 160.0
    assert len(before) + len(after) == CROWD
    assert after[-1][0] == pytest.approx(160.0 + (len(after) - 1) * CONNECTING)


def test_a6_audits_at_the_planned_interval_hardly_wait(turns: Turns) -> None:
    """The interval that the place gives out is one that it can keep."""
    rng = random.Random(3)
    for account in range(CROWD):
        turns.join(account)
    interval = turns.least_audit_interval
    due = [(rng.uniform(0, interval), account) for account in range(CROWD)]
    heapq.heapify(due)
    asked, waits = dict[object, float](), list[float]()
    now = 0.0
    while now < 3 * interval:
        if turns.next_at <= due[0][0]:
            now = max(now, turns.next_at)
            for account, _ in turns.grants(now):
                waits.append(now - asked.pop(account))
                spread = rng.uniform(0.8, 1.2)
                heapq.heappush(due, (now + interval * spread, int(str(account))))
        else:
            now, account = heapq.heappop(due)
            turns.ask(account, 1, AUDIT)
            asked[account] = now

    assert len(waits) > 2 * CROWD
    assert max(waits) < 10.0


def test_a_place_is_held_until_the_last_of_its_lanes_is_free(turns: Turns) -> None:
    turns.hold_back(CONNECT, 7.0, 1.0)

    assert turns.held_until == 8.0
