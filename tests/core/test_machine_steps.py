"""Steps that the first exchanges never ask for, on the real machine.

They are those of an exchange that pushes changes without amounts, announces the end of
a connection, and is strict about the time of a request. Each test begins with its
rule's label.
"""

from __future__ import annotations

import random
from decimal import Decimal
from functools import partial
from typing import Sequence
from unittest.mock import Mock

import pytest

from assetstream.core.effects import Ask, CallOff, Dial, Effect, Fetch, Forgo, Turn
from assetstream.core.link import Link
from assetstream.core.outcomes import (
    Abandoned,
    Broken,
    Closed,
    Ending,
    HttpReply,
    Refused,
)
from assetstream.core.reads import AUDIT_PACE
from assetstream.model.errors import ConnectionLost, ExchangeError
from assetstream.model.events import AssetUpdate, Source, StateChange
from assetstream.model.states import State
from tests.core.test_machine import Driven, at, errors, items, names, only, states
from tests.core.test_machine_verify import holds, push
from tests.support.specs import START_MS
from tests.support.world.exchange import Push
from tests.support.world.kinds import KINDS
from tests.support.world.life import live
from tests.support.world.luck import Luck
from tests.support.world.rest import Reply
from tests.support.world.telling import UNTIMELY, TellingWire
from tests.support.world.weather import WEATHERS
from tests.support.world.world import Account, World

WIRE = TellingWire()
DELTA = WIRE.delta("BTC")


def quiet() -> Driven:
    """Return a machine that is LIVE, with 7 BTC; no audit is due before 90."""
    driven = Driven("upbit", exchange=WIRE.exchange)
    driven.prove(0.0)
    driven.read(0.0, holds(BTC="7"))
    for now in (5.0, 15.0):
        driven.machine.pong(at(now))
        driven.read(now, holds(BTC="7"))
    driven.machine.frames([push(16.0, BTC="7")], at(16.0))
    driven.machine.pong(at(30.0))
    driven.read(30.0, holds(BTC="7"))
    driven.machine.due(at(50.0))
    driven.machine.pong(at(50.0))
    return driven


def test_k6_the_balances_are_read_at_once() -> None:
    """The currency is in doubt meanwhile, and no error is published."""
    driven = quiet()
    effects = driven.machine.frames([DELTA], at(51.0))

    assert list(effects) == []
    assert driven.present.in_doubt() == ("BTC",)
    assert driven.machine.deadline == 51.0
    ask = only(driven.machine.due(at(51.0)), Ask)
    assert ask.turn.name == "AUDIT"


def test_k6_what_two_reads_say_is_shown_and_marked_until_rest_has_caught_up() -> None:
    driven = quiet()
    driven.machine.frames([DELTA], at(51.0))
    assert items(driven.read(51.0, holds(BTC="9"))) == []
    (update,) = items(driven.read(53.0, holds(BTC="9")))
    assert (update.source, update.available) == (Source.AUDIT, 9)  # type: ignore[union-attr]
    assert driven.present.in_doubt() == ("BTC",)
    assert driven.machine.deadline == pytest.approx(61.001)
    driven.read(61.001, holds(BTC="9"))

    assert driven.present.in_doubt() == ()
    assert driven.present.drifts == 0


def test_k6_a_read_under_way_is_followed_by_one_that_is_asked_for_later() -> None:
    """It may have been answered before the change."""
    driven = quiet()
    driven.machine.frames([DELTA], at(51.0))
    fetch = driven.fetch(51.0)
    driven.machine.frames([DELTA], at(51.5))
    driven.reply(fetch, 51.6, holds(BTC="7"))

    assert driven.present.in_doubt() == ("BTC",)
    assert driven.machine.deadline == 51.0 + AUDIT_PACE
    driven.read(51.0 + AUDIT_PACE, holds(BTC="7"))
    assert driven.machine.deadline == pytest.approx(61.501)


def test_k6_many_that_come_together_are_one_read() -> None:
    """A6: at most one in five seconds, however many changes are told of."""
    driven, reads = quiet(), 0
    now = 51.0
    while now < 69.0:
        driven.machine.frames([WIRE.delta("BTC"), WIRE.delta("ETH")], at(now))
        if driven.machine.deadline <= now:
            driven.read(now, holds(BTC="7"))
            reads += 1
        now += 0.1

    assert reads == 4
    assert driven.present.in_doubt() == ("BTC", "ETH")


def test_k6_a_push_that_is_certainly_newer_ends_it() -> None:
    """It has both amounts."""
    driven = quiet()
    driven.machine.frames([DELTA], at(51.0))
    driven.machine.frames([push(53.0, BTC="9")], at(53.0))

    assert driven.present.in_doubt() == ()


def test_k6_before_the_snapshot_it_stays_in_doubt_behind_it() -> None:
    """The snapshot's read may have been answered before the change."""
    driven = Driven("upbit", exchange=WIRE.exchange)
    driven.open(0.0)
    driven.machine.frames([DELTA], at(0.1))
    assert driven.machine.link is Link.READY, "a push proves the subscription"
    assert states(driven.read(0.1, holds(BTC="7"))) == ["LIVE"]

    assert driven.present.in_doubt() == ("BTC",)
    assert driven.machine.deadline == 0.1 + AUDIT_PACE


def worked() -> Driven:
    """Return a machine that has been LIVE for 100 seconds."""
    driven = quiet()
    for now in range(60, 101, 10):
        driven.machine.pong(at(now))
    return driven


def announced(driven: Driven, now: float) -> Ask:
    """Announce the end of the connection; return the turn that is asked for."""
    ask = only(driven.machine.frames([WIRE.renewal], at(now)), Ask)
    assert ask.turn is Turn.RENEW
    return ask


def test_l7_a_connection_works_until_another_may_be_made() -> None:
    """However long the queue: pushes are believed, and it is LIVE."""
    driven = worked()
    announced(driven, 100.5)
    assert list(driven.machine.frames([WIRE.renewal], at(101.0))) == [], "asked once"
    driven.machine.pong(at(110.0))
    (update,) = items(driven.machine.frames([push(115.0, BTC="9")], at(115.0)))

    assert isinstance(update, AssetUpdate)
    assert driven.present.state_at(115.0) is State.LIVE
    assert driven.present.attempts == 1
    driven.read(115.0, holds(BTC="9"))


def test_l7_an_announced_end_is_no_error() -> None:
    """STALE with its gap, and the next connection at once; never two of them."""
    driven = worked()
    machine = driven.machine
    ask = announced(driven, 100.5)
    machine.pong(at(104.5))
    effects = machine.granted(ask.ticket, at(105.0))

    assert names(effects) == ["Publish", "HangUp"]
    (change,) = items(effects)
    assert isinstance(change, StateChange)
    assert (change.current, change.reason) == (State.STALE, "the exchange restarts")
    assert driven.present.error is None
    assert machine.link is Link.LEAVING
    dial = only(driven.end(effects, Abandoned(), 105.1), Dial)
    assert (dial.ticket, driven.present.attempts) == (ask.ticket, 2)
    assert machine.ended(driven.connection, Abandoned(), at(105.1)) == ()
    driven.connection = dial.ticket
    driven.prove_dialled(105.2)
    (back,) = items(driven.read(105.2, holds(BTC="7")))
    assert isinstance(back, StateChange)
    assert back.gap is not None
    assert back.gap.began.timestamp() == pytest.approx(at(104.5).wall, abs=0.001)


def test_l7_reads_are_called_off_and_what_follows_is_dropped() -> None:
    """A push behind the turn belongs to a connection that was given up."""
    driven = worked()
    ask = announced(driven, 100.5)
    driven.machine.frames([DELTA], at(101.0))
    fetch = driven.fetch(101.0)
    effects = driven.machine.granted(ask.ticket, at(102.0))

    assert only(effects, CallOff).ticket == fetch.ticket
    assert driven.machine.frames([push(102.1, BTC="9")], at(102.1)) == ()
    assert str(driven.present.balances["BTC"].available) == "7"


@pytest.mark.parametrize("closed", [Closed(1001), Closed(1005), Closed(None)])
def test_l7_an_end_that_comes_before_the_turn_is_no_error_either(
    closed: Closed,
) -> None:
    """It was announced; whoever has no connection goes before those who have one."""
    driven = worked()
    ask = announced(driven, 100.5)
    effects = driven.machine.ended(driven.connection, closed, at(104.0))

    assert only(effects, Forgo).ticket == ask.ticket
    (change,) = items(effects)
    assert isinstance(change, StateChange)
    assert (change.current, change.reason) == (State.STALE, "the exchange restarts")
    assert driven.machine.deadline == 104.0
    assert only(driven.machine.due(at(104.0)), Ask).turn is Turn.CONNECT
    assert driven.machine.granted(ask.ticket, at(104.0)) == []


@pytest.mark.parametrize(
    ("lost", "problem"),
    [
        (Broken(ConnectionLost("no route")), "no route"),
        (Closed(None, "Connection reset by peer"), "reset by peer"),
        (Closed(1008, "too many connections"), "too many connections"),
    ],
)
def test_l7_another_end_before_the_turn_is_an_error(lost: Ending, problem: str) -> None:
    """What is lost was not announced; the turn is given up."""
    driven = worked()
    ask = announced(driven, 100.5)
    effects = driven.machine.ended(driven.connection, lost, at(104.0))

    assert only(effects, Forgo).ticket == ask.ticket
    (error,) = errors(effects)
    assert problem in error.problem
    assert driven.machine.deadline == 104.5


def test_l1_l7_a_connection_that_died_before_its_turn_is_an_error() -> None:
    """After a suspend the turn comes before the deadline is looked at."""
    driven = worked()
    ask = announced(driven, 100.5)
    (error,) = errors(driven.machine.granted(ask.ticket, at(1000.0)))

    assert isinstance(error, ConnectionLost)
    assert "sent nothing" in error.problem


def test_l3_l7_an_announced_end_is_an_outcome_that_begins_the_row_anew() -> None:
    """Refusals of before it do not count with those after it."""
    driven = worked()
    status, body = WIRE.unknown_key
    driven.machine.verify(at(101.0))
    refused = HttpReply(status, {}, body)
    fetch = driven.fetch(101.0)
    driven.machine.replied(fetch.ticket, refused, 101.0, at(101.0))
    announced(driven, 101.5)
    driven.machine.ended(driven.connection, Closed(1001), at(110.0))
    for now, state in (
        (140.0, State.STALE),
        (210.0, State.STALE),
        (280.0, State.FAILED),
    ):
        driven.dial(now)
        refusal = Refused(status, {}, body)
        driven.machine.ended(driven.connection, refusal, at(now))
        assert driven.present.state is state


@pytest.mark.parametrize("renewed", [False, True])
def test_an_adapter_that_fails_to_connect_leaves_nothing_to_wait_for(
    renewed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No connection was dialled: none will be reported to have ended."""
    driven = worked() if renewed else Driven("upbit", exchange=WIRE.exchange)
    fault = ZeroDivisionError("ours")
    machine = driven.machine
    dial = partial(driven.dial, 101.1)
    if renewed:
        ask = announced(driven, 100.5)
        hanging = machine.granted(ask.ticket, at(101.0))
        dial = partial(driven.end, hanging, Abandoned(), 101.1)
    fail = Mock(side_effect=fault)
    monkeypatch.setattr(type(WIRE.exchange), "conversation", fail)
    with pytest.raises(ZeroDivisionError):
        dial()
    effects = machine.crashed(fault, at(101.1))

    assert states(effects)[-1] == "FAILED"
    assert machine.link is Link.OVER


@pytest.mark.parametrize("granted", [False, True])
def test_l7_a_stream_that_stops_connects_no_more(granted: bool) -> None:
    """Whether its turn came before or not."""
    driven = worked()
    ask = announced(driven, 100.5)
    hanging: list[Effect] = []
    if granted:
        hanging += driven.machine.granted(ask.ticket, at(101.0))
    hanging += driven.machine.stop("stopped", at(101.1))

    assert ("Forgo" in names(hanging)) is not granted
    last = driven.end(hanging, Abandoned(), 101.2)
    assert states(last) == ["STOPPED"]
    assert names(last) == ["Publish"]
    assert driven.idle


def test_l7_before_live_nothing_is_published() -> None:
    """The stream is CONNECTING, and goes on with it."""
    driven = Driven("upbit", exchange=WIRE.exchange)
    driven.open(0.0)
    effects = driven.machine.frames([WIRE.renewal], at(1.0))

    assert names(effects) == ["HangUp"]
    driven.end(effects, Abandoned(), 1.1)
    assert driven.machine.deadline == 1.5, "it backs off: nothing has worked yet"


def test_l7_a_connection_that_was_live_for_seconds_is_not_renewed_at_once() -> None:
    """As after a loss: an exchange may announce it to each new connection."""
    driven = quiet()
    effects = driven.machine.frames([WIRE.renewal], at(51.0))
    driven.end(effects, Abandoned(), 51.1)

    assert driven.machine.deadline == 52.0
    assert errors(effects) == []


# T2: the exchange refuses what is not of its time.

#: So far our clock is ahead of the exchange's.
AHEAD = 3600.0


def dated(effect: Dial | Fetch) -> float:
    """Return the time that a request carries; seconds after the start."""
    headers = (
        effect.connect.headers if isinstance(effect, Dial) else effect.call.headers
    )
    return (int(headers["Time"]) - START_MS) / 1000


def refuse(driven: Driven, now: float, headers: dict[str, str]) -> Sequence[Effect]:
    """Refuse the upgrade for its time."""
    status, body = UNTIMELY
    ending = Refused(status, headers, body)
    return driven.machine.ended(driven.connection, ending, at(now))


def test_t2_a_refusal_for_its_time_sets_the_clock_and_is_tried_again_at_once() -> None:
    """No error is published, and no backoff counts: nothing is wrong any more."""
    driven = Driven("upbit", exchange=WIRE.exchange)
    driven.ahead = -AHEAD
    assert dated(only(driven.dial(0.0), Dial)) == 0.0
    assert refuse(driven, 0.3, driven.headers(0.3)) == []
    assert driven.machine.deadline == 1.0, "the exchange's own pace"

    assert dated(only(driven.dial(1.0), Dial)) == pytest.approx(1.0 - AHEAD, abs=1.0)
    assert driven.present.error is None


def test_t2_the_second_refusal_in_a_row_is_an_error_like_any_other() -> None:
    """Perhaps the answer did not tell the time; another outcome begins the row anew."""
    driven = Driven("upbit", exchange=WIRE.exchange)
    found, now = [], 0.0
    for _ in range(4):
        driven.dial(now)
        found.append(len(errors(refuse(driven, now + 0.1, {}))))
        now = driven.machine.deadline

    assert found == [0, 1, 1, 1]
    error = driven.present.error
    assert isinstance(error, ExchangeError)
    assert (error.clock_off, error.fatal) == (True, False)
    driven.dial(now)
    driven.machine.ended(driven.connection, Broken(ConnectionLost("gone")), at(now + 1))
    now = driven.machine.deadline
    driven.dial(now)
    assert errors(refuse(driven, now + 0.1, {})) == []


def test_t2_a_date_of_any_other_refusal_is_not_taken() -> None:
    """A captive portal has a clock of its own."""
    driven = Driven("upbit", exchange=WIRE.exchange)
    driven.ahead = -AHEAD
    driven.dial(0.0)
    page = Refused(503, driven.headers(0.1), b"<html>")
    driven.machine.ended(driven.connection, page, at(0.1))
    now = driven.machine.deadline

    assert dated(only(driven.dial(now), Dial)) == pytest.approx(now, abs=0.002)


def test_t2_a_step_that_a_refusal_shows_doubts_what_was_ignored() -> None:
    """T1: the push that was taken for an old one may have been the newer one."""
    driven = quiet()
    driven.machine.frames([push(56.0, BTC="8")], at(56.0))
    driven.machine.frames([push(55.0, BTC="9")], at(56.5))
    assert driven.present.in_doubt() == ()
    lost = Broken(ConnectionLost("gone"))
    driven.machine.ended(driven.connection, lost, at(57.0))
    driven.dial(driven.machine.deadline)
    driven.ahead = -AHEAD
    refuse(driven, 58.0, driven.headers(58.0))

    assert driven.present.in_doubt() == ("BTC",)


@pytest.mark.parametrize("audit", [False, True])
def test_t2_a_read_is_tried_again_at_once(audit: bool) -> None:
    """Its answer has told the time of the host of REST."""
    driven = quiet() if audit else Driven("upbit", exchange=WIRE.exchange)
    now = 51.0
    if audit:
        driven.machine.verify(at(now))
    else:
        driven.prove(now)
    fetch = driven.fetch(now)
    status, body = UNTIMELY
    driven.ahead = -AHEAD
    reply = HttpReply(status, driven.headers(now), body)
    failed = driven.machine.replied(fetch.ticket, reply, now, at(now))
    assert errors(failed) == []
    assert driven.machine.deadline == pytest.approx(
        now + (AUDIT_PACE if audit else WIRE.exchange.limits.reads.pace)
    )
    when = driven.machine.deadline
    again = driven.fetch(when)
    assert dated(again) == pytest.approx(when - AHEAD, abs=1.0)
    reply = HttpReply(status, driven.headers(now), body)
    failed = driven.machine.replied(again.ticket, reply, now, at(now + 5))

    assert [type(error) for error in errors(failed)] == [ExchangeError]


def test_t2_what_succeeds_begins_the_row_anew() -> None:
    """The upgrade's refusal is over when the subscription is proved."""
    driven = Driven("upbit", exchange=WIRE.exchange)
    driven.dial(0.0)
    refuse(driven, 0.1, driven.headers(0.1))
    driven.prove(1.0)
    for now, published in ((1.0, 0), (1.1, 1), (2.0, 0)):
        fetch = driven.fetch(max(now, driven.machine.deadline))
        reply = HttpReply(*UNTIMELY[:1], {}, UNTIMELY[1])
        failed = driven.machine.replied(fetch.ticket, reply, now, at(now))
        assert len(errors(failed)) == published
        if published:
            driven.read(driven.machine.deadline, holds(BTC="7"))


def test_t2_a_login_refused_in_a_frame_is_tried_again_on_a_new_connection() -> None:
    """The upgrade has told the time."""
    driven = Driven("upbit", exchange=WIRE.exchange)
    driven.open(0.0)
    effects = driven.machine.frames([WIRE.late_login], at(0.2))

    assert names(effects) == ["HangUp"]
    driven.end(effects, Abandoned(), 0.3)
    assert driven.machine.deadline == 1.0


# In the simulated world, judged by the exchange's own ledger.


class Prompt(Luck):
    """REST is up to date."""

    def reply(self) -> Reply:
        return Reply(0.1, 0.0)


def told(world: World) -> Account:
    """Return an account of 1 BTC that is LIVE for a minute."""
    account = world.open_account(random.Random(0), Prompt())
    account.change("BTC", (Decimal(1), Decimal(0)), Push(()))
    world.advance(20.0)
    account.start()
    world.advance(60.0)
    assert account.is_live
    return account


def test_k6_a_deposit_told_as_a_difference_is_shown_soon_and_never_unmarked() -> None:
    world = World(WIRE, traced=True)
    account = told(world)
    account.change("BTC", (Decimal(6), Decimal(0)), Push(garbled="delta"))
    for _ in range(100):
        world.advance(0.1)
        assert account.present.in_doubt() == ("BTC",) or account.shown("BTC") == (6, 0)
    assert account.shown("BTC") == (6, 0)
    world.advance(5.0)

    assert account.present.in_doubt() == ()
    assert not world.findings, "\n".join(world.trace())
    assert account.counts()["reconnects"] == 0


def test_l7_of_many_that_are_told_at_once_few_are_away_together() -> None:
    """One a second may connect, and has to read then; all others are LIVE meanwhile."""
    world = World(WIRE)
    accounts = [world.open_account(random.Random(n), Prompt()) for n in range(60)]
    for account in accounts:
        account.change("BTC", (Decimal(1), Decimal(0)), Push(()))
        account.start()
    world.advance(150.0)
    assert all(account.is_live for account in accounts)
    for account in accounts:
        connection = account.driver.connection
        assert connection is not None
        connection.carry(WIRE.renewal)
    away = []
    for _ in range(700):
        world.advance(0.1)
        away.append(sum(not account.is_live for account in accounts))

    assert {account.present.attempts for account in accounts} == {2}
    assert (max(away), away[-1]) == (3, 0)
    assert sum(away) * 0.1 / len(accounts) < 1.5, "seconds each"
    assert not world.findings, world.findings


@pytest.mark.parametrize("ahead", [-86_400.0, -6.0, 2.0, 3600.0])
def test_t2_a_machine_whose_clock_is_wrong_becomes_live_all_the_same(
    ahead: float,
) -> None:
    """The exchange takes no request that is 5 s old, or 1 s ahead."""
    world = World(WIRE, traced=True)
    world.clocks.wall_step = ahead
    account = told(world)

    assert account.present.attempts == 2
    assert account.present.error is None
    world.clocks.wall_step = -ahead
    account.lose_connection()
    world.advance(5.0)
    assert account.is_live
    assert account.present.attempts == 3
    assert not world.findings, "\n".join(world.trace())


@pytest.mark.parametrize("weather", ["calm", "rough", "storm", "wild"])
def test_k6_l7_t2_lives_with_all_of_it(weather: str) -> None:
    """The promise is kept, and in peace all is well again."""
    for seed, kind in enumerate(("quiet n5", "slow n10", "loop bot n2")):
        world, _ = live(seed, WEATHERS[weather], WIRE, KINDS[kind], 2.0)

        assert not world.findings, (kind, world.findings)
