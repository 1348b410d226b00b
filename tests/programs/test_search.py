"""``python -m tests.programs.search``: calm weather, and that each check can fail."""

from __future__ import annotations

import random
import shlex
from decimal import Decimal
from typing import Any, Callable, Sequence

import pytest

from assetstream.core import evidence, gap, machine, reads, turns
from assetstream.core.effects import Effect, Fetch, HangUp, HoldBack, Publish, SendPing
from assetstream.core.link import Link
from assetstream.model.states import State
from tests.programs.search import main
from tests.programs.without import RULES
from tests.support.world.exchange import Push
from tests.support.world.kinds import KINDS, Kind
from tests.support.world.life import live, simulate
from tests.support.world.luck import Luck
from tests.support.world.promise import Measures
from tests.support.world.rest import Reply
from tests.support.world.weather import (
    CALM,
    ROUGH,
    STORM,
    WEATHERS,
    WILD,
    Weather,
)
from tests.support.world.wires import WIRES
from tests.support.world.world import World

EXCHANGES = ["coinw", "upbit"]
#: A bit of much that can go wrong.
MIXED = ROUGH._replace(
    garbled=0.02,
    failing=0.05,
    refused=0.1,
    unreachable=0.1,
    muted=0.05,
    unreadable=0.01,
    drops=20.0,
    troubles=(("half-open", 1.0), ("stall", 4.0), ("stray", 10.0), ("sleep", 0.5)),
)
BUSY = MIXED._replace(unreadable=0.03)
MEDIUM = Kind("medium", 5.0, 4, deposits=2.0)
StreamMachine = machine.StreamMachine


def kinds(weather: Weather, seeds: int, *, hours: float = 0.5) -> set[str]:
    """Return the kinds of findings in some lives at both exchanges."""
    found: set[str] = set()
    for seed in range(seeds):
        for exchange in EXCHANGES:
            world, _ = live(seed, weather, exchange, MEDIUM, hours)
            found |= {finding.kind for finding in world.findings}
    return found


# Every weather.


def test_nothing_is_found_and_the_figures_are_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A table by weather, one by kind of account, and a line."""
    hours = len(WIRES) * len(WEATHERS) * 0.1  # a life of six minutes in each
    assert main(["--account-hours", f"{hours}", "--kind", "slow n10"]) == 0
    lines = capsys.readouterr().out.splitlines()
    figures = dict(part.split("=") for part in lines[-1].split())

    assert any(line.startswith("| coinw calm | ") for line in lines)
    assert any(line.startswith("| upbit wild slow n10 | ") for line in lines)
    assert float(figures["account_hours"]) == pytest.approx(hours, abs=0.1)
    assert int(figures["events"]) > 1000
    assert figures["findings"] == "0"
    assert 0 < float(figures["longest_stale"]) <= 30
    assert float(figures["longest_wrong"]) > 0
    assert float(figures["longest_peace"]) > 0


@pytest.mark.programs
def test_much_happens() -> None:
    """Every kind of event occurs, so that no findings mean something."""
    lives = [
        live(seed, weather, exchange, KINDS["slow n10"], 1.0)
        for exchange in EXCHANGES
        for weather in (STORM, WILD)
        for seed in range(3)
    ]
    sums = Measures()
    for _, measures in lives:
        sums.add(measures)
    accounts = [account for world, _ in lives for account in world.accounts]

    assert not any(world.findings for world, _ in lives)
    assert any(len(world.accounts) > 1 for world, _ in lives)
    assert sums.counts["reconnects"] > 3
    assert sums.counts["leases ended"] > 0
    assert sums.wrong > 0
    assert sums.old
    assert sums.doubts
    assert sums.useful < sums.live < sums.known
    assert 0 < sums.doubted < sums.marked < sums.right
    assert sum(account.present.audits for account in accounts) > 500
    assert sum(account.present.attempts for account in accounts) > 50
    assert sum(account.present.drifts for account in accounts) > 10
    assert all(account.present.state.final for account in accounts)


def test_a_seed_is_a_life() -> None:
    """One seed gives one life in every run, traced or not."""
    (one, sums), (other, again) = (
        live(5, WILD, "coinw", MEDIUM, 0.5, traced=traced) for traced in (False, True)
    )

    assert one.calls == other.calls
    assert one.findings == other.findings
    assert [a.ledger.now for a in one.accounts] == [
        a.ledger.now for a in other.accounts
    ]
    assert vars(sums) == vars(again)


# Each measure can fail.

#: Rules: a search that soon finds the machine without each, and by what it does.
MISSED = {
    "T1-fair": ("upbit", "steps", "busy n5", 1, 10, "untrue"),
    "T1-pushes": ("coinw", "askew", "vbusy n3", 1, 0.2, "doubt"),
    "K1-order": ("coinw", "calm", "slow n10", 1, 1, "disordered"),
    "K1-question": ("coinw", "storm", None, 0, 12, "untrue"),
    "K1-memory": ("upbit", "ahead", "busy n5", 0, 1, "repeated"),
    "K2": ("coinw", "wild", "busy n5", 0, 1, "older"),
    "K3": ("upbit", "steps", "busy n5", 0, 10, "useless"),
    "K5": ("coinw", "rough", None, 0, 20, "older"),
    "S1": ("coinw", "rough", "quiet n1", 1, 1, "older"),
    "S2": ("coinw", "rough", None, 0, 20, "undone"),
    "A1": ("coinw", "calm", "quiet n1", 0, 3, "overdue"),
    "A2": ("coinw", "stuck", "slow n10", 1, 1, "hasty"),
    "A3": ("coinw", "stuck", "busy n5", 86, 1, "hasty"),
    "A4": ("coinw", "rough", "slow n30", 50, 3, "older"),
    "A5": ("upbit", "storm", None, 1, 24, "untrue"),
    "A5-pace": ("coinw", "storm", None, 0, 12, "restless"),
    "A7": ("coinw", "calm", "slow n10", 0, 1, "late"),
    "A8": ("coinw", "wild", "slow n10", 14, 3, "seesaw"),
    "A9": ("upbit", "stuck", None, 0, 12, "untrue"),
    "L3-refusals": ("upbit", "wild", "slow n10", 0, 12, "failed"),
    "L3-soon": ("coinw", "calm", "slow n10", 0, 3, "useless"),
    "patience": ("upbit", "calm", "vbusy n3", 0, 1, "useless"),
}


@pytest.mark.programs
@pytest.mark.parametrize("rule", MISSED)
def test_a_missing_rule_is_found(rule: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The search finds the machine without it, and not the one with it."""
    exchange, weather, account, seed, hours, found = MISSED[rule]
    arguments = ["--exchange", exchange, "--weather", weather, "--seed", str(seed)]
    arguments += ["--account-hours", str(hours)]
    if account is not None:
        arguments += ["--kind", account]

    assert main([*arguments, "--without", rule]) == 1
    assert f" {found}=" in capsys.readouterr().out.splitlines()[-1]
    assert main(arguments) == 0


def test_what_finds_a_rule_missing_is_said_for_all_but_one() -> None:
    """Nothing shows it: what an unfair date is worth is enough."""
    assert RULES.keys() - MISSED.keys() == {"T1-hosts"}


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
    half_open = CALM._replace(troubles=(("half-open", 20.0),))
    world, _ = live(1, half_open, "upbit", MEDIUM, 1.0)

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

    assert kinds_of(simulate(1, MIXED, exchange)) >= {"late"}


@pytest.mark.programs
def test_an_illegal_transition_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A forbidden transition of the link is found although the machine allows it."""

    def go(self: StreamMachine, link: Link) -> None:
        self.link = Link.READY if link is Link.PROVING else link

    monkeypatch.setattr(StreamMachine, "_go", go)

    assert "transition" in kinds(MIXED, 1)


@pytest.mark.programs
def test_a_state_that_is_not_published_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A state that readers see without a StateChange is found."""
    lost = StreamMachine._lost

    def silently(
        self: StreamMachine, error: Any, at: Any, out: list[Effect], *expected: str
    ) -> None:
        lost(self, error, at, out, *expected)
        if self.present.state is State.STALE:
            out[:] = [effect for effect in out if not isinstance(effect, Publish)]

    monkeypatch.setattr(StreamMachine, "_lost", silently)

    assert "transition" in kinds(MIXED, 1)


def test_an_exception_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception is a finding, and the stream ends in order."""

    def raises(self: StreamMachine, *args: Any) -> None:
        raise ValueError("broken")

    monkeypatch.setattr(StreamMachine, "_pushed", raises)
    world, _ = live(1, CALM, "upbit", MEDIUM, 0.5)

    assert kinds_of(world) == {"raised"}
    assert world.accounts[0].present.state is State.FAILED


def spoilt(event: str, spoil: Callable[[list[Effect]], Sequence[Effect]]) -> Any:
    """Return one of the machine's methods with its effects changed."""
    method = getattr(StreamMachine, event)

    def called(self: StreamMachine, *args: Any) -> Sequence[Effect]:
        return spoil(list(method(self, *args)))

    return called


@pytest.mark.programs
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

    assert kinds(MIXED, 1) & {"effects", "stuck"}


@pytest.mark.programs
def test_a_stream_that_does_not_come_back_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stream that never ends after ``stop`` is found, too."""
    monkeypatch.setattr(machine.ReconnectPolicy, "next_at", lambda *args: float("inf"))
    assert "stuck" in kinds(MIXED, 2, hours=1.0)

    monkeypatch.undo()
    monkeypatch.setattr(StreamMachine, "_come_down", lambda self, out: None)
    assert "stuck" in kinds(MIXED, 1)


@pytest.mark.programs
def test_another_connections_end_must_lead_to_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """W1: a machine that obeys an event with an old ticket is found."""
    ended = StreamMachine.ended

    def any_ticket(self: StreamMachine, ticket: int, *args: Any) -> Any:
        return ended(self, self._connection, *args)

    monkeypatch.setattr(StreamMachine, "ended", any_ticket)

    assert "effects" in kinds(MIXED, 1)


@pytest.mark.programs
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

    assert "pace" in kinds(MIXED._replace(refused=0.5), 1)


@pytest.mark.programs
def test_a_gap_that_begins_too_late_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """S1: a gap that begins with the discovery of the loss is found."""
    start = gap.GapTracker.start
    monkeypatch.setattr(
        gap.GapTracker, "start", lambda self, utc, silence: start(self, utc, 0.0)
    )

    assert "gap" in kinds(MIXED, 1)


@pytest.mark.programs
def test_what_readers_see_unpublished_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """W2: a push that is applied without an update is found."""
    monkeypatch.setattr(StreamMachine, "frames", spoilt("frames", lambda out: ()))

    assert "unpublished" in kinds(MIXED, 1)


@pytest.mark.programs
def test_a_doubt_that_nothing_ends_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A2: a doubt that agreeing reads do not end is found."""
    monkeypatch.setattr(evidence, "_not_older", lambda pieces, piece: list(pieces))
    monkeypatch.setattr(evidence, "certainly_newer", lambda one, other: False)

    assert "doubt" in kinds(MIXED, 1)


def test_a_stream_that_gives_up_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """L3: a stream that fails without a refusal of its key is found."""

    def is_final(self: Any, error: Any, was_live: bool, now: float) -> bool:
        error.fatal = True
        return True

    monkeypatch.setattr(machine.ReconnectPolicy, "is_final", is_final)

    assert "failed" in kinds(MIXED, 1)


def test_what_was_given_up_must_lead_to_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """W1: a machine that obeys the reply to an earlier read is found."""
    monkeypatch.setattr(reads.Reads, "waits_for", lambda *_: True)

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
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The output is the trace, the command that replays it, and the line."""
    without_k5 = ["--weather", "rough", "--without", "K5", "--exchange", "upbit"]
    assert main([*without_k5, "--account-hours", "14"]) == 1
    out = capsys.readouterr().out.splitlines()
    command = next(line for line in out if line.startswith("python -m"))
    found = out[out.index(command) - 1]
    assert found.startswith("# ")
    assert "findings=0" not in out[-1]

    assert main([*shlex.split(command)[3:], "--without", "K5"]) == 1
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
