"""``python -m tests.programs.search``: calm weather, and that each check can fail."""

from __future__ import annotations

import random
import shlex
from decimal import Decimal
from typing import Any, Callable, Iterator, Sequence

import pytest

from assetstream.core import audit, entry, gap, machine, reads, turns
from assetstream.core.effects import Effect, Fetch, HangUp, HoldBack, Publish, SendPing
from assetstream.core.link import Link
from assetstream.model.states import State
from tests.programs.search import Figures, main
from tests.support.world.exchange import Push
from tests.support.world.life import live, simulate
from tests.support.world.luck import Luck
from tests.support.world.rest import Reply
from tests.support.world.weather import CALM, ROUGH, USUAL, WEATHERS, Weather
from tests.support.world.world import World

EXCHANGES = ["coinw", "upbit"]
BUSY = CALM._replace(paces=(3.0,), unreadable=0.03)
StreamMachine = machine.StreamMachine


def kinds(weather: Weather, seeds: int, *, hours: float = 0.5) -> Iterator[set[str]]:
    """Live some lives at both exchanges; yield the kinds of findings of each."""
    for seed in range(seeds):
        for exchange in EXCHANGES:
            yield kinds_of(live(seed, weather, exchange, hours))


def found(kind: str, weather: Weather, seeds: int, *, hours: float = 0.5) -> bool:
    """Live until there is a finding of this kind, if there is."""
    return any(kind in each for each in kinds(weather, seeds, hours=hours))


# Calm weather.


def test_calm_weather_has_no_findings(capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints one line with the figures, of both exchanges in turn."""
    assert main(["--account-hours", "2", "--seed", "77"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    figures = dict(part.split("=") for part in line.split())
    assert float(figures["account_hours"]) == pytest.approx(2, abs=0.5)
    assert int(figures["events"]) > 1000
    assert figures["findings"] == "0"
    assert 0 < float(figures["longest_stale"]) <= 30
    assert float(figures["longest_wrong"]) > 0
    assert 0.8 < float(figures["live"]) < 1
    assert 0 < float(figures["marked"]) < 0.3


def test_much_happens_in_calm_weather() -> None:
    """Every kind of event occurs, so that no findings mean something."""
    worlds = [live(seed, CALM, ex, 1.0) for seed in range(4) for ex in EXCHANGES]
    accounts = [account for world in worlds for account in world.accounts]

    assert not any(world.findings for world in worlds)
    assert any(len(world.accounts) > 1 for world in worlds)
    assert any(account.promise.counts["reconnects"] for account in accounts)
    assert any(account.promise.counts["leases ended"] for account in accounts)
    assert sum(account.present.audits for account in accounts) > 500
    assert sum(account.present.attempts for account in accounts) > 50
    assert sum(account.present.drifts for account in accounts) > 10
    assert sum(account.promise.doubted for account in accounts) > 0
    assert all(account.present.state.final for account in accounts)


@pytest.mark.parametrize("weather", sorted(WEATHERS.keys() - {"calm"}))
def test_bad_weather_keeps_the_machine_in_order(weather: str) -> None:
    """In every weather states, effects, deadlines and the end are legal."""
    found = set().union(*kinds(WEATHERS[weather], 4))

    assert not found & {"transition", "effects", "raised", "late", "busy", "stuck"}


def test_a_seed_is_a_life() -> None:
    """One seed gives one life in every run, traced or not."""
    one, other = (live(5, ROUGH, "coinw", 0.5, traced=t) for t in (False, True))

    assert one.calls == other.calls
    assert one.findings == other.findings
    assert [a.ledger.now for a in one.accounts] == [
        a.ledger.now for a in other.accounts
    ]
    assert Figures().plus(one) == Figures().plus(other)


# Each measure can fail.


def test_an_older_push_that_wins_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """K1: a book that applies pushes by arrival is found."""
    push = entry.Entry.push

    def by_arrival(self: entry.Entry, report: Any, key: Any, at: Any) -> bool:
        self.available.key = self.locked.key = entry.NO_KEY
        return push(self, report, key, at)

    monkeypatch.setattr(entry.Entry, "push", by_arrival)

    assert found("older", USUAL, 2)


def test_a_read_that_moves_what_was_pushed_since_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """S1: a snapshot that overwrites the pushes of its connection is found."""

    def take(self: entry.Entry, report: Any, at: Any) -> bool:
        self.available.amount, self.locked.amount = report.available, report.locked
        return True

    monkeypatch.setattr(entry.Entry, "take_read", take)
    monkeypatch.setattr(entry.Entry, "may_be_lagging", lambda *args: False)

    assert found("older", CALM, 2)


def test_an_audit_that_does_not_wait_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A2: an audit that believes a read right after a push is found."""
    monkeypatch.setattr(audit.Audit, "_may_judge", staticmethod(lambda *_: True))
    monkeypatch.setattr(audit.Audit, "_explained", staticmethod(equals))

    assert any(each >= {"older", "destroyed"} for each in kinds(BUSY, 2))


def equals(known: entry.Entry, report: Any, at: Any, result: Any) -> bool:
    """Judge by the amounts alone."""
    return known.equals(report)


def test_a_doubt_that_is_not_kept_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """K5: an unreadable frame that puts nothing in doubt is found."""
    monkeypatch.setattr(entry.Entry, "doubt", lambda self, at: None)

    assert found("unread", BUSY, 1)


def test_audits_that_are_not_made_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A1: without audits a balance is wrong for longer than health says."""
    monkeypatch.setattr(reads.Reads, "due", no_audits(reads.Reads.due))

    assert found("overdue", CALM._replace(lost=0.5, paces=(120.0,)), 1)


def no_audits(due: Callable[..., Any]) -> Callable[..., Any]:
    """Return a ``Reads.due`` that asks for snapshots only."""

    def asked(self: reads.Reads, now: float, ticket: int) -> Any:
        if self._next is None:
            self._schedule.due_at = self._schedule.lease_ends_at = float("inf")
            self._book.present.lease_ends_at = float("inf")
            return None
        return due(self, now, ticket)

    return asked


def test_a_machine_that_ignores_silence_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """L1: a machine that keeps a half-open connection is found."""
    monkeypatch.setattr(StreamMachine, "_silent", lambda self, at: ())

    world = simulate(1, CALM._replace(troubles=(("half-open", 60.0),)), "upbit")

    assert kinds_of(world) == {"busy"}


def test_silence_that_is_not_seen_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """L1: a machine that is LIVE on a dead connection is found."""
    heard = StreamMachine._heard

    def immortal(self: StreamMachine, now: float) -> None:
        heard(self, now)
        self.present.dead_at = float("inf")

    monkeypatch.setattr(StreamMachine, "_heard", immortal)
    world = live(1, CALM._replace(troubles=(("half-open", 20.0),)), "upbit", 1.0)

    assert world.accounts[0].promise.longest_stale > 60


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_a_late_deadline_is_found(
    exchange: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deadline that is planned too late, or not moved, is found."""
    plan = StreamMachine._plan

    def late(self: StreamMachine) -> None:
        plan(self)
        self.deadline += 0.5

    monkeypatch.setattr(StreamMachine, "_plan", late)

    assert kinds_of(simulate(1, CALM, exchange)) >= {"late"}


def test_an_illegal_transition_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A forbidden transition of the link is found although the machine allows it."""

    def go(self: StreamMachine, link: Link) -> None:
        self.link = Link.READY if link is Link.PROVING else link

    monkeypatch.setattr(StreamMachine, "_go", go)

    assert found("transition", CALM, 1)


def test_a_state_that_is_not_published_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A state that readers see without a StateChange is found."""
    lost = StreamMachine._lost

    def silently(self: StreamMachine, error: Any, at: Any, out: list[Effect]) -> None:
        lost(self, error, at, out)
        if self.present.state is State.STALE:
            out[:] = [effect for effect in out if not isinstance(effect, Publish)]

    monkeypatch.setattr(StreamMachine, "_lost", silently)

    assert found("transition", CALM, 1)


def test_an_exception_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception is a finding, and the stream ends in order."""

    def raises(self: StreamMachine, *args: Any) -> None:
        raise ValueError("broken")

    monkeypatch.setattr(StreamMachine, "_audited", raises)
    world = live(1, CALM, "upbit", 0.5)

    assert kinds_of(world) == {"raised"}
    assert world.accounts[0].present.state is State.FAILED


def spoilt(event: str, spoil: Callable[[list[Effect]], Sequence[Effect]]) -> Any:
    """Return one of the machine's methods with its effects changed."""
    method = getattr(StreamMachine, event)

    def called(self: StreamMachine, *args: Any) -> Sequence[Effect]:
        return spoil(list(method(self, *args)))

    return called


@pytest.mark.parametrize(
    ("event", "spoil"),
    [
        ("granted", lambda out: [e for e in out if not isinstance(e, Fetch)]),
        ("granted", lambda out: [*out, *(e for e in out if isinstance(e, Fetch))]),
        ("granted", lambda out: [SendPing(), *out]),
        ("replied", lambda out: [*out, HangUp(1), HangUp(1)]),
        ("replied", lambda out: [*out, Publish([])]),
        ("ended", lambda out: [*out, SendPing()]),
        ("due", lambda out: [*out, *out]),
        ("started", lambda out: [e for e in out if isinstance(e, Publish)]),
    ],
    ids=[
        "a turn not used",
        "two calls at once",
        "a ping before the connection",
        "a second farewell",
        "nothing published",
        "a ping after the end",
        "a ticket used twice",
        "never connects",
    ],
)
def test_effects_out_of_place_are_found(
    event: str,
    spoil: Callable[[list[Effect]], Sequence[Effect]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The world finds each effect that the machine must not ask for now."""
    monkeypatch.setattr(StreamMachine, event, spoilt(event, spoil))

    assert any(each & {"effects", "stuck"} for each in kinds(CALM, 1))


def test_a_stream_that_does_not_come_back_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stream that never ends after ``stop`` is found, too."""
    monkeypatch.setattr(machine.ReconnectPolicy, "next_at", lambda *args: float("inf"))
    assert found("stuck", CALM, 2, hours=1.0)

    monkeypatch.undo()
    monkeypatch.setattr(StreamMachine, "_come_down", lambda self, out: None)
    assert found("stuck", CALM, 1)


def test_another_connections_end_must_lead_to_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """W1: a machine that obeys an event with an old ticket is found."""
    ended = StreamMachine.ended

    def any_ticket(self: StreamMachine, ticket: int, *args: Any) -> Any:
        return ended(self, self._connection, *args)

    monkeypatch.setattr(StreamMachine, "ended", any_ticket)

    assert found("effects", CALM, 1)


@pytest.mark.parametrize(
    ("owner", "name", "broken"),
    [
        (machine.ReconnectPolicy, "next_at", lambda self, now, *_: now),
        (turns.Lane, "hold_back", lambda self, until: None),
        (
            StreamMachine,
            "ended",
            spoilt("ended", lambda o: [e for e in o if not isinstance(e, HoldBack)]),
        ),
    ],
    ids=["a stream's own", "the place's", "the exchange's, if it asks to wait"],
)
def test_a_pace_that_is_not_kept_is_found(
    owner: type, name: str, broken: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """L3 and L4: a machine that dials too early after a refusal is found."""
    monkeypatch.setattr(owner, name, broken)

    assert found("pace", CALM._replace(refused=0.5), 1)


def test_a_gap_that_begins_too_late_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """S1: a gap that begins with the discovery of the loss is found."""
    start = gap.GapTracker.start
    monkeypatch.setattr(
        gap.GapTracker, "start", lambda self, utc, silence: start(self, utc, 0.0)
    )

    assert found("gap", CALM, 1)


def test_what_readers_see_unpublished_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """W2: a push that is applied without an update is found."""
    monkeypatch.setattr(StreamMachine, "frames", spoilt("frames", lambda out: ()))

    assert found("unpublished", CALM, 1)


def test_a_doubt_that_nothing_ends_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A2: a doubt that agreeing reads do not end is found."""
    monkeypatch.setattr(entry.Entry, "settle", lambda self: None)

    assert found("doubt", CALM._replace(unreadable=0.3, paces=(60.0,)), 1)


def test_a_stream_that_gives_up_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """L3: a stream that fails without a refusal of its key is found."""

    def is_final(self: Any, error: Any, was_live: bool, now: float) -> bool:
        error.fatal = True
        return True

    monkeypatch.setattr(machine.ReconnectPolicy, "is_final", is_final)

    assert found("failed", CALM, 1)


def test_what_was_given_up_must_lead_to_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """W1: a machine that obeys the reply to an earlier read is found."""
    replied = reads.Reads.replied

    def any_ticket(self: reads.Reads, ticket: int, *args: Any) -> Any:
        return replied(self, self._ticket or ticket, *args)

    monkeypatch.setattr(reads.Reads, "replied", any_ticket)

    world = World("upbit")
    account = world.open_account(random.Random(0), Slow())
    account.start()
    world.advance(3.0)
    account.lose_connection()
    world.advance(9.0)

    assert kinds_of(world) == {"effects"}


class Slow(Luck):
    """Makes every read slow, and answers those that were called off."""

    def reply(self) -> Reply:
        return Reply(duration=9.0)

    def late_reply(self) -> bool:
        return True


# A life in which something was found.


def test_what_was_found_is_replayed_by_the_command_it_prints(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The output is the trace, the command that replays it, and the line."""
    monkeypatch.setattr(entry.Entry, "doubt", lambda self, at: None)
    assert main(["--account-hours", "2", "--weather", "usual"]) == 1
    out = capsys.readouterr().out.splitlines()
    command = next(line for line in out if line.startswith("python -m"))
    found = out[out.index(command) - 1]
    assert found.startswith("# ")
    assert "findings=0" not in out[-1]

    assert main(shlex.split(command)[3:]) == 1
    again = capsys.readouterr().out.splitlines()
    assert found in again
    assert command in again
    assert any("FOUND" in line for line in again)
    assert "account_hours=" in again[-1]


def test_the_trace_of_a_life_can_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    """A trace can also be printed without a finding."""
    assert main(["--account-hours", "0.1", "--trace"]) == 0
    out = capsys.readouterr().out

    assert "started -> Publish" in out
    assert "Dial(ticket=1" in out


# The world itself.


def test_rest_is_as_far_behind_as_the_script_asks() -> None:
    """A lagging replica answers, in the exchange's form, with older balances."""
    world = World("coinw")
    account = world.open_account(random.Random(0))
    account.change("BTC", (Decimal(1), Decimal(0)), Push(()))
    world.advance(5.0)
    account.change("BTC", (Decimal(2), Decimal(0)), Push(()))

    assert account.ledger.as_of(world.timeline.now)["BTC"][0] == 2
    assert account.ledger.as_of(world.timeline.now - 0.1)["BTC"][0] == 1
    assert account.ledger.as_of(0.0)["BTC"][0] == 0


def kinds_of(world: World) -> set[str]:
    """Return the kinds of a world's findings."""
    return {finding.kind for finding in world.findings}
