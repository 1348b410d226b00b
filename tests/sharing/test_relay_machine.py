"""One worker's decisions."""

from __future__ import annotations

from typing import Any

import pytest

from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ConfigurationError,
    ConnectionLost,
)
from assetstream.sharing import relay_machine as module
from assetstream.sharing.actions import (
    Action,
    Begin,
    Compose,
    Enlist,
    Finish,
    GiveBack,
    Inform,
    Reach,
    Rewrite,
    Shut,
    Survey,
    Take,
    Tell,
    Wait,
    Write,
)
from assetstream.sharing.entries import Pulse
from assetstream.sharing.ownership import Acquired, Seat
from assetstream.sharing.pulses import INTERVAL, LEASE
from assetstream.sharing.relay_machine import CLOSING, HOLD, STRICT, RelayMachine
from assetstream.sharing.word import Word

KEYS = {"alice": "upbit-a1", "bob": "coinw-b2"}
LOST = ConnectionLost("lost")
GOOD = Word(60.0, 0.5, ())


class Desk:
    """A machine, and an engine that has every account free."""

    def __init__(self, **options: Any) -> None:
        self.machine = RelayMachine("me", KEYS, **options)
        self.now = 1000.0
        self.waiting = False
        self.workers = 1
        # The engine's table, and the token that it gives next.
        self.seats = {account: Seat(account) for account in KEYS}
        self.token = 7

    def next(self) -> Action:
        """Return the next action."""
        return self.machine.next(self.now, self.waiting)

    def do(self, action: Action) -> None:
        """Carry an action out, as an engine does that is there."""
        machine, now = self.machine, self.now
        if isinstance(action, Reach):
            machine.reached(now)
        elif isinstance(action, Tell):
            machine.told(self.workers, now, now)
        elif isinstance(action, Enlist):
            machine.enlisted(now)
        elif isinstance(action, Survey):
            machine.seen(list(self.seats.values()), now)
        elif isinstance(action, Take):
            machine.taken({name: self.take(name) for name in action.accounts}, now)
        elif isinstance(action, Write):
            self.waiting = False
            machine.written({}, (), now)
        elif isinstance(action, Compose):
            machine.composed(action.number, dict.fromkeys(machine.tokens, GOOD))
        elif isinstance(action, GiveBack):
            machine.given_back(action.tokens, action.last)

    def take(self, account: str) -> Acquired:
        """Give an account, unless another one has it."""
        _, owner, alive, _ = self.seats[account]
        if alive and owner != "me":
            return Acquired(0, owner)
        self.token += 1
        self.seats[account] = Seat(account, "me", True, KEYS[account])
        return Acquired(self.token, owner)

    def run(self, seconds: float = 0.0) -> list[Action]:
        """Carry out all that is due for a while, and return it."""
        end, done = self.now + seconds, list[Action]()
        while not isinstance(action := self.next(), Finish):
            if not isinstance(action, Wait):
                done.append(action)
                self.do(action)
            elif action.until > end:
                self.now = end
                break
            else:
                assert action.until > self.now
                self.now = action.until
        return done

    def whole(self, *accounts: str) -> None:
        """Write the whole books of accounts."""
        self.machine.written(dict.fromkeys(accounts, True), accounts, self.now)

    def lose(self, error: AssetStreamError | None = LOST) -> None:
        """Lose the engine."""
        self.machine.lost(error, self.now)


@pytest.fixture
def desk() -> Desk:
    """One that has owned both accounts for a minute."""
    desk = Desk()
    desk.run()
    desk.whole("alice", "bob")
    desk.run(60.0)
    return desk


def of(kind: type, actions: list[Action]) -> list[Any]:
    """Return the actions of a kind."""
    return [action for action in actions if isinstance(action, kind)]


# A beginning.


def test_p3_the_first_that_is_written_is_the_whole_book() -> None:
    """Connect, begin a lease, name the accounts, take them."""
    desk = Desk()

    assert desk.run() == [
        Reach(),
        Tell(Pulse(1, 1000.0, connection=1), True),
        Enlist(),
        Survey(),
        Take(("alice", "bob")),
        Begin("alice"),
        Rewrite("alice"),
        Begin("bob"),
        Rewrite("bob"),
    ]
    assert desk.machine.tokens == {"alice": 8, "bob": 9}
    assert desk.machine.takeovers == 0


def test_what_the_engine_refuses_at_first_ends_it() -> None:
    """A wrong password is no reason to wait."""
    desk = Desk()
    refusal = AuthenticationError("refused", fatal=True)
    assert desk.next() == Reach()
    desk.lose(refusal)

    assert desk.next() == Finish()
    assert desk.machine.failure is refusal


def test_what_the_engine_refuses_later_passes(desk: Desk) -> None:
    """It was good before, and will be again."""
    desk.lose(AuthenticationError("refused", fatal=True))
    assert isinstance(desk.next(), Inform)

    assert isinstance(desk.next(), Wait)
    assert desk.machine.failure is None


def test_accounts_are_named_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else the engine would forget them."""
    monkeypatch.setattr(module, "ENLIST", 9.0)

    assert of(Enlist, Desk().run(28.0)) == [Enlist()] * 4


# Pulses.


def test_p2_a_pulse_follows_what_was_said_before_it(desk: Desk) -> None:
    """It is composed, everything is written, and then it is sent."""
    actions = desk.run(INTERVAL)

    assert [type(action) for action in actions] == [Compose, Write, Tell]
    assert actions[2].pulse.left == {}
    assert actions[2].pulse.age == 0.5


def test_p2_what_is_said_meanwhile_is_written_before_it(desk: Desk) -> None:
    """A write that began before the word was composed is not enough."""
    desk.now += INTERVAL
    compose = desk.next()
    assert isinstance(compose, Compose)
    desk.waiting = True
    assert desk.next() == Write()
    desk.machine.composed(compose.number, {})

    desk.machine.written({"alice": True}, (), desk.now)

    assert desk.next() == Write()
    assert isinstance(desk.next(), Tell)


def test_p2_a_pulse_is_composed_after_the_one_before_is_acknowledged(
    desk: Desk,
) -> None:
    """However long that takes."""
    desk.now += INTERVAL
    for kind in (Compose, Write):
        action = desk.next()
        assert isinstance(action, kind)
        desk.do(action)
    told = desk.next()
    assert isinstance(told, Tell)
    desk.now += 3.0
    assert desk.next() == told  # it is asked again only where nobody has answered

    desk.do(told)

    following = desk.next()
    assert following == Compose(told.pulse.number + 1)


def test_o6_pulses_go_before_what_takes_its_time(desk: Desk) -> None:
    """Else a worker that takes a thousand accounts would lose its lease."""
    desk.machine.written({"alice": False}, (), desk.now)
    desk.now += INTERVAL

    actions = desk.run()

    assert [type(action) for action in actions[:4]] == [Compose, Write, Tell, Take]


def test_p2_what_is_not_whole_is_excepted(desk: Desk) -> None:
    """Though its stream be LIVE: the engine has not its book."""
    desk.machine.written({"bob": False}, (), desk.now)
    desk.run()

    (told,) = of(Tell, desk.run(INTERVAL))

    assert told.pulse.left == {"bob": 0.0}
    desk.whole("bob")
    assert of(Tell, desk.run(INTERVAL))[0].pulse.left == {}


def test_p2_what_became_whole_after_it_was_begun_is_excepted(desk: Desk) -> None:
    """The word was asked for before the book was there."""
    desk.machine.written({"bob": False}, (), desk.now)
    desk.run(INTERVAL / 2)
    desk.now += INTERVAL / 2
    compose = desk.next()
    desk.do(compose)
    desk.whole("bob")

    assert of(Tell, desk.run())[0].pulse.left == {"bob": 0.0}


def test_p2_a_word_of_before_is_none(desk: Desk) -> None:
    """It came late, of an older connection."""
    desk.machine.composed(1, {"alice": GOOD})

    assert [type(a) for a in desk.run(INTERVAL)] == [Compose, Write, Tell]


def test_p2_a_word_that_does_not_come_is_asked_for_anew(desk: Desk) -> None:
    """The thread may be gone; and no write renews the lease meanwhile."""
    desk.now += INTERVAL
    compose = desk.next()
    assert isinstance(compose, Compose)
    desk.waiting = True
    assert desk.next() == Write()
    desk.now += LEASE + 0.1

    again = desk.next()

    assert again == Compose(compose.number + 2)
    assert isinstance(desk.next(), Survey)
    desk.do(Survey())
    assert isinstance(desk.next(), Wait)
    desk.do(again)
    assert desk.next() == Write()


def test_the_number_of_the_next_pulse_is_known(desk: Desk) -> None:
    """To whoever says that something is in doubt."""
    number = desk.machine.number
    desk.now += INTERVAL

    assert desk.next() == Compose(number)
    assert desk.machine.number == number + 1


# An engine that is away.


def test_p3_after_a_loss_everything_is_asked_for_anew(desk: Desk) -> None:
    """The first pulse vouches for nothing, and no number is used twice."""
    before = desk.machine.number
    desk.waiting = True
    desk.lose()

    actions = desk.run(1.0)

    assert [type(action) for action in actions[:4]] == [Inform, Reach, Tell, Take]
    first = actions[2]
    assert isinstance(first, Tell)
    assert first.first
    assert first.pulse.left == {"alice": 0.0, "bob": 0.0}
    assert first.pulse.number >= before
    assert of(Take, actions) == [Take(("alice", "bob"))]
    assert of(Rewrite, actions) == [Rewrite("alice"), Rewrite("bob")]
    assert of(Begin, actions) == []
    assert desk.machine.tokens == {"alice": 10, "bob": 11}


def test_p2_a_pulse_after_a_lost_one_skips_a_number(desk: Desk) -> None:
    """Nobody knows whether the engine had the one before."""
    desk.now += INTERVAL
    compose = desk.next()
    assert isinstance(compose, Compose)
    desk.lose()

    first = of(Tell, desk.run(0.5))[0]

    assert first.pulse.number == compose.number + 2


def test_p3_an_outage_is_told_once(desk: Desk) -> None:
    """And it is tried again, more and more slowly, for ever."""
    waits = []
    desk.lose()
    assert desk.next() == Inform(LOST)
    for _ in range(6):
        wait = desk.next()
        assert isinstance(wait, Wait)
        waits.append(round(wait.until - desk.now, 3))
        desk.now = wait.until
        assert desk.next() == Reach()
        desk.lose()

    assert waits == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert desk.machine.error is LOST
    assert not desk.machine.connected


def test_p3_a_lease_that_has_run_out_begins_anew(desk: Desk) -> None:
    """At once, and without a word: the engine is there."""
    desk.workers = 0
    while not isinstance(action := desk.next(), Tell):
        if isinstance(action, Wait):
            desk.now = action.until
        else:
            desk.do(action)
    desk.do(action)
    desk.workers = 1

    assert desk.next() == Reach()
    assert of(Take, desk.run()) == [Take(("alice", "bob"))]


def test_p3_a_lease_may_run_out_between_pulse_and_taking() -> None:
    """Nothing was taken then."""
    desk = Desk()
    while not isinstance(desk.next(), Take):
        desk.do(desk.next())
    desk.machine.taken({"alice": Acquired(0, "")}, desk.now)

    assert desk.machine.tokens == {}
    assert desk.next() == Reach()


def test_o3_streams_are_held_for_a_time(desk: Desk) -> None:
    """Counted from the last call that has renewed the lease."""
    renewed = desk.machine.told_at
    assert desk.machine.hold_ends_at == renewed + HOLD
    desk.machine.written({"alice": True}, (), desk.now + 2.0)
    assert desk.machine.hold_ends_at == desk.now + 2.0 + HOLD
    desk.machine.written({}, (), desk.now + 9.0)  # nothing was sent

    assert desk.machine.hold_ends_at == desk.now + 2.0 + HOLD
    assert STRICT < LEASE


def test_o3_what_was_cut_off_for_too_long_begins_anew(desk: Desk) -> None:
    """Its stream is another one then, and not before the old one has ended."""
    desk.lose()
    desk.machine.expired("alice")
    actions = desk.run(1.0)
    assert of(Shut, actions) == [Shut("alice", module.CUT_OFF)]
    assert of(Take, actions) == [Take(("bob",))]

    desk.machine.ended("alice")

    assert desk.run(0.0) == [Take(("alice",)), Begin("alice"), Rewrite("alice")]


def test_o3_what_ends_while_it_is_taken_begins_anew(desk: Desk) -> None:
    """Its stream ends, by its own thread, while the engine gives a new token."""
    desk.lose()
    while not isinstance(action := desk.next(), Take):
        if isinstance(action, Wait):
            desk.now = action.until
        desk.do(action)
    desk.machine.expired("alice")
    desk.do(action)
    actions = desk.run(0.0)
    assert of(Rewrite, actions) == [Rewrite("bob")]

    desk.machine.ended("alice")

    assert desk.run(0.0) == [Take(("alice",)), Begin("alice"), Rewrite("alice")]


def test_o3_what_ends_is_not_asked_for_before_it_has_ended(desk: Desk) -> None:
    """Though the engine refuses what its stream said last."""
    desk.machine.expired("alice")
    desk.machine.expired("alice")
    desk.machine.written({"alice": False}, (), desk.now)

    assert desk.run() == [Shut("alice", module.CUT_OFF)]
    assert "alice" not in desk.machine.tokens


# Other workers.


def test_o2_what_is_refused_is_asked_for_anew(desk: Desk) -> None:
    """It may have been an older connection's late words that took it."""
    desk.machine.written({"alice": False, "bob": True}, (), desk.now)

    assert desk.run() == [Take(("alice",)), Rewrite("alice")]
    assert desk.machine.fenced == 1


def test_o2_what_another_one_has_is_let_go(desk: Desk) -> None:
    """Its stream ends at once."""
    desk.seats["alice"] = Seat("alice", "other", True, KEYS["alice"])
    desk.machine.written({"alice": False}, (), desk.now)

    assert desk.run() == [Take(("alice",)), Shut("alice", "worker other has taken it")]
    assert "alice" not in desk.machine.tokens
    assert of(Tell, desk.run(INTERVAL))[0].pulse.left == {}


def test_o2_what_is_seen_with_another_one_is_let_go(desk: Desk) -> None:
    """Though nothing was there to be written."""
    desk.seats["alice"] = Seat("alice", "other", True, KEYS["alice"])

    actions = desk.run(LEASE + 1.0)

    assert Shut("alice", "worker other has taken it") in actions


def test_what_the_engine_says_is_ours_is_taken() -> None:
    """A late word of an older connection has taken it."""
    desk = Desk()
    desk.seats["alice"] = Seat("alice", "me", True, KEYS["alice"])

    assert of(Take, desk.run()) == [Take(("alice", "bob"))]


def test_o4_a_dead_worker_s_accounts_are_taken() -> None:
    """A lease after this one's own beginning, and counted."""
    desk = Desk()
    desk.seats["alice"] = Seat("alice", "other", False, KEYS["alice"])
    assert of(Take, desk.run(LEASE - 0.5)) == [Take(("bob",))]

    assert of(Take, desk.run(1.5)) == [Take(("alice",))]
    assert desk.machine.takeovers == 1


def test_o5_what_another_one_has_is_looked_at_now_and_then() -> None:
    """And nothing is taken that has an owner."""
    desk = Desk()
    for account in KEYS:
        desk.seats[account] = Seat(account, "other", True, KEYS[account])

    actions = desk.run(2.0)

    assert len(of(Survey, actions)) == 5
    assert of(Take, actions) == []


def test_o5_a_share_is_taken() -> None:
    """Half of it by each of two."""
    desk = Desk()
    desk.workers = 2

    assert of(Take, desk.run()) == [Take(("alice",))]


def test_o5_a_capacity_is_kept() -> None:
    """The others are for other workers."""
    assert of(Take, Desk(capacity=1).run(60.0)) == [Take(("alice",))]


def test_an_account_of_another_key_is_not_taken() -> None:
    """Two fleets of one name: readers would be given another account's balances."""
    desk = Desk()
    desk.seats["alice"] = Seat("alice", "other", True, "upbit-ff")
    (report,) = of(Inform, desk.run(9.0))
    assert isinstance(report.error, ConfigurationError)
    assert "other" in report.error.problem
    assert "upbit-ff and not upbit-a1" in report.error.problem
    desk.seats["alice"] = Seat("alice", "other", False, "upbit-ff")

    actions = desk.run(60.0)

    assert of(Take, actions) == []
    assert of(Inform, actions) == []


def test_p2_an_account_is_excepted_until_another_one_has_it(desk: Desk) -> None:
    """An engine that was emptied tells no reader that nobody owns it."""
    desk.lose()
    desk.machine.expired("alice")
    desk.seats = {account: Seat(account) for account in KEYS}
    actions = desk.run(2.0)
    assert all("alice" in told.pulse.left for told in of(Tell, actions))
    desk.whole("bob")
    desk.seats["alice"] = Seat("alice", "other", True, KEYS["alice"])

    actions = desk.run(2.0)

    assert of(Tell, actions)[-1].pulse.left == {}


# Streams.


def test_a_stream_that_cannot_be_begun_is_given_back(desk: Desk) -> None:
    """Another worker may be able to; this one tries again after a while."""
    desk = Desk()
    while not isinstance(action := desk.next(), Begin):
        desk.do(action)
    error = AssetStreamError("no thread", account="alice")
    desk.machine.refused("alice", error, desk.now)

    actions = desk.run()

    assert actions[-2:] == [Inform(error), GiveBack({"alice": 8}, module.STOPS, False)]
    assert Rewrite("alice") not in actions
    desk.seats["alice"] = Seat("alice", key=KEYS["alice"])
    assert of(Take, desk.run(module.SHUNNED - 1.0)) == []
    assert of(Take, desk.run(2.0)) == [Take(("alice",))]


def test_a_stream_that_could_not_be_begun_and_is_not_owned(desk: Desk) -> None:
    """Nothing is there to be given back."""
    desk.machine.refused("carol", LOST, desk.now)

    assert desk.run() == [Inform(LOST)]


def test_a_stream_that_has_failed_is_still_owned(desk: Desk) -> None:
    """Readers are told why; another worker would fail as well."""
    desk.machine.ended("alice")

    assert of(Shut, desk.run(9.0)) == []
    assert "alice" in desk.machine.tokens


# The end.


def test_o5_the_end_gives_everything_back(desk: Desk) -> None:
    """When the streams have ended, and that is written."""
    desk.machine.stop(desk.now)
    desk.machine.stop(desk.now)
    shut = desk.run(CLOSING / 2)
    assert of(Shut, shut) == [
        Shut("alice", module.STOPS),
        Shut("bob", module.STOPS),
    ]
    assert of(GiveBack, shut) == []
    desk.machine.ended("alice")
    assert of(GiveBack, desk.run(0.0)) == []
    desk.waiting = True
    desk.machine.ended("bob")

    assert desk.run() == [
        Write(),
        GiveBack({"alice": 8, "bob": 9}, module.STOPS, True),
    ]
    assert desk.next() == Finish()
    assert desk.machine.failure is None


def test_o5_a_stream_that_does_not_end_is_not_waited_for(desk: Desk) -> None:
    """For longer than a second."""
    desk.machine.stop(desk.now)

    assert of(GiveBack, desk.run(CLOSING))[0].last
    assert desk.next() == Finish()


def test_o5_a_stream_that_has_ended_is_not_waited_for(desk: Desk) -> None:
    """It failed long ago."""
    desk.machine.ended("alice")
    desk.machine.stop(desk.now)
    desk.machine.ended("bob")

    assert of(GiveBack, desk.run())[0].last


def test_the_end_without_an_engine_waits_for_the_streams(desk: Desk) -> None:
    """The lease runs out by itself."""
    desk.lose()
    desk.machine.stop(desk.now)
    assert of(Reach, desk.run(CLOSING / 2)) == []
    assert desk.next() == Wait(desk.now + CLOSING / 2)
    desk.machine.ended("alice")
    desk.machine.ended("bob")

    assert desk.next() == Finish()


def test_the_end_during_a_beginning_takes_nothing() -> None:
    """What the engine answers to the first pulse changes nothing."""
    desk = Desk()
    desk.do(desk.next())
    desk.machine.stop(desk.now)

    actions = desk.run()

    assert of(Take, actions) == of(Survey, actions) == []
    assert actions[-1] == GiveBack({}, module.STOPS, True)
