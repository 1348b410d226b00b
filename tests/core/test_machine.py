"""The machine: events in, effects out; each test begins with its rule's label."""

from __future__ import annotations

import itertools
import math
from email.utils import formatdate
from typing import Any, Sequence, TypeVar

import pytest

from assetstream.core import machine as machine_module
from assetstream.core.effects import (
    Ask,
    CallOff,
    Dial,
    Effect,
    Fetch,
    Forgo,
    HangUp,
    HoldBack,
    Publish,
    SendPing,
    SendText,
    Turn,
)
from assetstream.core.link import LINKS, Link
from assetstream.core.machine import StreamMachine
from assetstream.core.moment import Moment
from assetstream.core.outcomes import Abandoned, Broken, Closed, HttpReply, Refused
from assetstream.core.present import Present
from assetstream.core.turns import Turns
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ConnectionLost,
    ProtocolError,
    RateLimited,
)
from assetstream.model.events import AssetUpdate, Event, Gap, Source, StateChange
from assetstream.model.states import TRANSITIONS, State
from assetstream.protocol import Exchange, Fail, Send
from tests.support.specs import SPECS, START_MS, sample

E = TypeVar("E")


def at(now: float) -> Moment:
    """Return the moment ``now`` seconds after the start, all clocks being right."""
    return Moment(now, START_MS / 1000 + now)


def names(effects: Sequence[Effect]) -> list[str]:
    """Return the class names of the effects, in order."""
    return [type(effect).__name__ for effect in effects]


def only(effects: Sequence[Effect], kind: type[E]) -> E:
    """Return the only effect of a class."""
    (found,) = [effect for effect in effects if isinstance(effect, kind)]
    return found


def items(effects: Sequence[Effect]) -> list[Event]:
    """Return everything that the effects publish."""
    found: list[Event] = []
    for effect in effects:
        if isinstance(effect, Publish):
            found += effect.items
    return found


def states(effects: Sequence[Effect]) -> list[str]:
    """Return the states that the effects publish."""
    return [i.current.value for i in items(effects) if isinstance(i, StateChange)]


class Driven:
    """A machine, and the steps by which a stream becomes LIVE."""

    def __init__(self, name: str = "upbit", **options: Any) -> None:
        self.spec = SPECS[name]
        self.exchange: Exchange = options.pop("exchange", None) or self.spec.make()
        nonces = itertools.count()
        self.now = 0.0
        self.present = Present(name, f"{name}-1", lambda: self.now)
        self.machine = StreamMachine(
            self.exchange,
            self.present,
            audit_interval=options.pop("audit_interval", 60.0),
            adaptive=options.pop("adaptive", True),
            random=options.pop("random", lambda: 0.5),
            nonce=lambda: f"nonce-{next(nonces)}",
        )
        self.connection = 0
        #: By so much the exchange's clock is ahead of ours; None: it sends no ``Date``.
        self.ahead: float | None = 0.0
        assert not options

    def headers(self, now: float) -> dict[str, str]:
        """The headers of an answer at the moment."""
        if self.ahead is None:
            return {}
        seconds = int(START_MS / 1000 + now + self.ahead)
        return {"date": formatdate(seconds, usegmt=True)}

    def dial(self, now: float) -> Sequence[Effect]:
        """Start, or connect anew, up to the dialling."""
        if self.machine.link.name == "NONE":
            asked = self.machine.started(at(now))
        else:
            asked = self.machine.due(at(now))
        self.connection = only(asked, Ask).ticket
        return self.machine.granted(self.connection, at(now))

    def open(self, now: float) -> Sequence[Effect]:
        """Connect, and report the upgrade accepted."""
        only(self.dial(now), Dial)
        return self._open(now)

    def _open(self, now: float) -> Sequence[Effect]:
        headers = self.headers(now)
        return self.machine.opened(self.connection, headers, now, at(now))

    def prove(self, now: float) -> Sequence[Effect]:
        """Connect, and acknowledge the subscription; return the last effects."""
        only(self.dial(now), Dial)
        return self.prove_dialled(now)

    def prove_dialled(self, now: float) -> Sequence[Effect]:
        """Report the upgrade accepted, and acknowledge the subscription."""
        effects = self._open(now)
        for ack in self.spec.acks:
            effects = self.machine.frames([ack], at(now))
        return effects

    def fetch(self, now: float) -> Fetch:
        """Ask for the read that is due, and grant it."""
        ask = only(self.machine.due(at(now)), Ask)
        return only(self.machine.granted(ask.ticket, at(now)), Fetch)

    def read(self, now: float, body: bytes | None = None) -> Sequence[Effect]:
        """Make the read that is due, and answer it."""
        return self.reply(self.fetch(now), now, body)

    def reply(
        self, fetch: Fetch, now: float, body: bytes | None = None
    ) -> Sequence[Effect]:
        """Answer a read with good balances."""
        body = self.spec.reply if body is None else body
        reply = HttpReply(200, self.headers(now), body)
        return self.machine.replied(fetch.ticket, reply, now, at(now))

    def live(self, now: float = 0.0) -> Driven:
        """Take the stream to LIVE."""
        self.prove(now)
        assert states(self.read(now)) == ["LIVE"]
        return self

    def end(self, effects: Sequence[Effect], ending: Any, now: float) -> Sequence[Any]:
        """Report the end of the connection that the effects hang up."""
        return self.machine.ended(only(effects, HangUp).ticket, ending, at(now))

    @property
    def idle(self) -> bool:
        """True if nothing will ever be due."""
        return self.machine.deadline == math.inf


#: One that pushes everything, and one that does not and logs in by a message: to the
#: machine every other one is like these.
EXCHANGES = ["coinw", "upbit"]


@pytest.fixture(params=EXCHANGES)
def driven(request: pytest.FixtureRequest) -> Driven:
    """A new machine of each exchange."""
    return Driven(request.param)


def patience(driven: Driven) -> float:
    """Return how long a connection may be silent."""
    limits = driven.exchange.limits
    return limits.ping_interval + limits.pong_timeout


def errors(effects: Sequence[Effect]) -> list[AssetStreamError]:
    """Return the errors that the effects publish."""
    return [item for item in items(effects) if isinstance(item, AssetStreamError)]


def silence(driven: Driven, now: float) -> Sequence[Effect]:
    """Let nothing come from ``now`` on until the machine gives the connection up."""
    while driven.machine.link is Link.READY:
        now = max(now, driven.machine.deadline)
        effects = driven.machine.due(at(now))
        for effect in effects:
            if isinstance(effect, Ask):
                effects = driven.machine.granted(effect.ticket, at(now))
    return effects


# The walks of the design.


def test_the_happy_start() -> None:
    """CoinW logs in, subscribes, reads and is LIVE; a push is published at once."""
    driven = Driven("coinw")
    machine = driven.machine

    start = machine.started(at(0))
    assert names(start) == ["Publish", "Ask"]
    assert states(start) == ["CONNECTING"]
    assert start[1] == Ask(1, Turn.CONNECT)
    assert names(machine.granted(1, at(0))) == ["Dial"]
    assert names(machine.opened(1, {}, 0.0, at(0.1))) == ["SendText"]
    login, subscribe = driven.spec.acks
    assert names(machine.frames([login], at(0.2))) == ["SendText"]
    assert names(machine.frames([subscribe], at(0.3))) == []
    assert machine.deadline == 0.3
    assert machine.due(at(0.3)) == [Ask(2, Turn.SNAPSHOT)]
    pushed = machine.frames([driven.spec.push], at(0.35))
    assert [type(item) for item in items(pushed)] == [AssetUpdate]
    fetch = only(machine.granted(2, at(0.4)), Fetch)
    merged = driven.reply(fetch, 0.6)

    assert names(merged) == ["Publish"]
    assert [type(item).__name__ for item in items(merged)][-1] == "StateChange"
    assert states(merged) == ["LIVE"]
    assert machine.deadline == pytest.approx(2.6)  # Patience: the push differs.
    assert machine.due(at(2.6)) == []
    assert machine.deadline == pytest.approx(5.6)
    assert machine.due(at(5.6)) == [Ask(3, Turn.AUDIT)]


def test_l4_a_refusal_with_retry_after_holds_back_the_whole_place() -> None:
    """No stream of the place dials; each waits in the queue."""
    driven = Driven("upbit").live()
    machine = driven.machine
    lost = machine.ended(driven.connection, Closed(1006), at(100))
    assert states(lost) == ["STALE"]
    assert [type(error) for error in errors(lost)] == [ConnectionLost]
    assert machine.link is Link.BACKOFF
    again = only(machine.due(at(200)), Ask)
    assert again.turn is Turn.CONNECT
    only(machine.granted(again.ticket, at(200)), Dial)

    refused = machine.ended(
        again.ticket, Refused(429, {"retry-after": "30"}, b""), at(200)
    )

    assert [type(error) for error in errors(refused)] == [RateLimited]
    assert only(refused, HoldBack) == HoldBack(Turn.CONNECT, 30.0)
    assert machine.deadline < 230


@pytest.mark.parametrize("status", [429, 418])
def test_l4_a_limit_without_retry_after_holds_back_the_place_too(status: int) -> None:
    """A limited place waits for a while of our own, connects and reads each."""
    driven = Driven("coinw").live()
    machine = driven.machine
    fetch = driven.fetch(5)
    limited = machine.replied(fetch.ticket, HttpReply(status, {}, b""), 5, at(5))
    machine.ended(driven.connection, Closed(1006), at(10))
    driven.dial(100)
    refused = machine.ended(driven.connection, Refused(status, {}, b""), at(100))

    wait = 60.0 if status == 418 else 5.0
    assert only(limited, HoldBack) == HoldBack(Turn.SNAPSHOT, wait)
    assert only(refused, HoldBack) == HoldBack(Turn.CONNECT, wait)


def test_l4_a_lost_connection_forgets_no_retry_after() -> None:
    """The wait of a read is the place's: a new connection's snapshot keeps it."""
    driven = Driven("upbit").live()
    machine, queue = driven.machine, Turns(driven.exchange.limits)
    asked = only(machine.due(at(5)), Ask)
    machine.granted(asked.ticket, at(5))
    reply = HttpReply(429, {"retry-after": "30"}, b"")
    wait = only(machine.replied(asked.ticket, reply, 5, at(5)), HoldBack)
    queue.hold_back(wait.turn, wait.seconds, 5.0)
    for now in (6.0, 10.0, 20.0):
        machine.ended(driven.connection, Closed(1006), at(now))
        driven.prove(now + 2.0)
        ask = only(machine.due(at(now + 2.0)), Ask)
        assert ask.turn is Turn.SNAPSHOT
        queue.ask("stream", ask.ticket, ask.turn)
        assert queue.grants(now + 2.0) == []

    assert queue.next_at == 35.0


def test_stop_during_a_read(driven: Driven) -> None:
    """The read is called off, CoinW gets its goodbye, and STOPPED comes last."""
    machine = driven.live().machine
    fetch = driven.fetch(6)

    stopping = machine.stop("stopped", at(6))
    assert names(stopping)[-2:] == ["CallOff", "HangUp"]
    assert only(stopping, CallOff).ticket == fetch.ticket
    assert machine.link is Link.LEAVING
    assert driven.reply(fetch, 7) == []
    ended = driven.end(stopping, Abandoned(), 7)

    assert states(ended) == ["STOPPED"]
    assert machine.link is Link.OVER
    assert driven.idle


def test_a_second_start_is_none(driven: Driven) -> None:
    """A stream is started once; the machine need not be told who was first."""
    machine = driven.machine
    machine.started(at(0))
    link, deadline = machine.link, machine.deadline

    assert machine.started(at(1)) == ()
    assert (machine.link, machine.deadline) == (link, deadline)


def test_a_call_at_a_time_when_nothing_is_due_leads_to_nothing(driven: Driven) -> None:
    """``deadline`` may be early, and the queue may be slow to grant a turn."""
    queued = Driven().machine
    queued.started(at(0))
    lost = driven.live().machine
    lost.ended(driven.connection, Closed(1006), at(11))

    assert not queued.due(at(1))
    assert not lost.due(at(11))
    assert (queued.link, lost.link) == (Link.QUEUED, Link.BACKOFF)


# W1, W2.


def test_w1_what_another_ticket_brings_is_dropped(driven: Driven) -> None:
    """Events of attempts and reads that were given up change nothing."""
    machine = driven.live().machine
    fetch = driven.fetch(6)
    old = driven.connection
    machine.ended(old, Closed(1000), at(7))
    driven.prove(100)
    link, deadline = machine.link, machine.deadline

    late: list[Sequence[Effect]] = [
        machine.granted(fetch.ticket, at(101)),
        machine.opened(old, {}, 100.0, at(101)),
        machine.ended(old, Closed(1000), at(101)),
        driven.reply(fetch, 101),
    ]

    assert all(not effects for effects in late)
    assert (machine.link, machine.deadline) == (link, deadline)


def test_w1_what_an_adapter_says_after_giving_up_is_dropped(
    driven: Driven, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure ends the connection in that step, whatever stands behind it."""
    machine = driven.live().machine
    steps = [Fail(ConnectionLost("no use")), Send("more"), Fail(ConnectionLost("x"))]
    monkeypatch.setattr(
        type(machine._conversation), "received", lambda *_: steps, raising=True
    )

    effects = machine.frames([b"anything"], at(1))

    assert [error.problem for error in errors(effects)] == ["no use"]
    assert names(effects) == ["Publish", "HangUp"]


def test_w1_an_end_that_is_reported_twice_is_one_loss(driven: Driven) -> None:
    """The attempt that follows it is not counted as lost, too."""
    machine = driven.live().machine
    machine.ended(driven.connection, Closed(1006), at(7))
    deadline = machine.deadline

    assert not machine.ended(driven.connection, Closed(1006), at(8))
    assert (machine.link, machine.deadline) == (Link.BACKOFF, deadline)


def test_w1_one_read_at_a_time(driven: Driven) -> None:
    """No read is due while another is asked for or under way."""
    machine = driven.live().machine
    ask = only(machine.due(at(6)), Ask)
    for now in (6.0, 8.0):
        assert Ask not in [type(e) for e in machine.due(at(now))]
    only(machine.granted(ask.ticket, at(9)), Fetch)

    assert machine.granted(ask.ticket, at(9)) == []


def test_w1_frames_of_a_connection_that_was_given_up_are_dropped(
    driven: Driven,
) -> None:
    """Frames may lie in a buffer when the machine has hung up."""
    machine = driven.live().machine
    silence(driven, 1)
    assert machine.link is Link.LEAVING

    assert machine.frames([driven.spec.push], at(200)) == ()
    assert machine.pong(at(200)) == ()


def test_a_push_may_bring_the_conversations_deadline_nearer() -> None:
    """The machine's is never later, on the fast lane either."""
    driven = Driven("upbit").live()
    machine, conversation = driven.machine, driven.machine._conversation
    assert conversation is not None
    assert machine.deadline > 3.5
    conversation.deadline = 3.5
    machine.frames([push_of(driven, 3.0)], at(3))

    assert driven.present.doubts == {}
    assert machine.deadline == 3.5


# L1, A7: what can be proved.


def test_l1_a_silent_connection_is_given_up(driven: Driven) -> None:
    """The same step leaves LIVE."""
    machine = driven.live().machine

    effects = silence(driven, 0)

    assert states(effects) == ["STALE"]
    assert only(effects, HangUp).ticket == driven.connection
    assert [type(error) for error in errors(effects)] == [ConnectionLost]
    assert machine.link is Link.LEAVING
    assert driven.present.state is State.STALE


@pytest.mark.parametrize("what", ["frame", "pong"])
def test_l1_what_comes_too_late_revives_nothing(driven: Driven, what: str) -> None:
    """After a suspend a frame may lie in the buffer of a dead connection."""
    machine = driven.live().machine
    late = patience(driven) + 3600.0

    assert driven.present.state_at(late) is State.STALE
    if what == "frame":
        effects = machine.frames([driven.spec.push], at(late))
    else:
        effects = machine.pong(at(late))

    assert states(effects) == ["STALE"]
    assert not [i for i in items(effects) if isinstance(i, AssetUpdate)]


def test_l1_pongs_keep_a_quiet_connection_live(driven: Driven) -> None:
    """A pong is a proof of life; missing data is no fault."""
    machine = driven.live().machine
    driven.present.lease_ends_at = math.inf
    for now in range(1, 200, 5):
        machine.pong(at(now))

    assert driven.present.state_at(199) is State.LIVE


def test_l1_each_proof_of_life_makes_balances_young(driven: Driven) -> None:
    """Ages are counted from it, while the stream is LIVE; before that nothing is."""
    driven.prove(0)
    driven.machine.pong(at(1))
    assert driven.present.proof == -math.inf
    driven.read(2)
    driven.machine.pong(at(3))
    assert driven.present.proof == 3
    driven.machine.frames([driven.spec.push], at(4))

    assert driven.present.proof == driven.present.heard_at == 4


def test_l1_a_connection_that_is_left_proves_nothing(driven: Driven) -> None:
    """Balances are stale as soon as the stop is asked for, before it has an end."""
    machine = driven.live().machine
    machine.stop("stopped", at(1))

    assert machine.link is Link.LEAVING
    assert driven.present.state_at(1) is State.STALE


def test_l1_the_answer_to_a_ping_is_a_round_trip(driven: Driven) -> None:
    """A stream's health shows how long the last one took."""
    machine = driven.live().machine
    while driven.present.round_trip is None:
        now = machine.deadline
        effects = machine.due(at(now))
        if any(isinstance(effect, (SendPing, SendText)) for effect in effects):
            machine.pong(at(now + 0.25))

    assert driven.present.round_trip == pytest.approx(0.25)


def test_a7_a_stream_that_nothing_verifies_is_stale() -> None:
    """The connection is kept; the next completed audit brings LIVE back."""
    driven = Driven("upbit").live()
    machine, present = driven.machine, driven.present
    lease_ends_at = present.lease_ends_at
    assert lease_ends_at < math.inf
    now = 0.0
    effects: Sequence[Effect] = ()
    while present.state is State.LIVE:
        now = max(now, machine.deadline)
        machine.pong(at(now))
        effects = machine.due(at(now))
        for ask in [e for e in effects if isinstance(e, Ask)]:
            fetch = only(machine.granted(ask.ticket, at(now)), Fetch)
            failed = ConnectionLost("no answer")
            machine.replied(fetch.ticket, failed, now, at(now))

    assert now == pytest.approx(lease_ends_at)
    assert states(effects) == ["STALE"]
    assert machine.link is Link.READY
    while not any(isinstance(effect, Ask) for effect in effects):
        now = max(now, machine.deadline)
        machine.pong(at(now))
        effects = machine.due(at(now))
    fetch = only(machine.granted(only(effects, Ask).ticket, at(now)), Fetch)
    verified = driven.reply(fetch, now)
    assert states(verified) == ["LIVE"]
    (change,) = [i for i in items(verified) if isinstance(i, StateChange)]
    assert isinstance(change.gap, Gap)


def test_a7_each_audit_renews_the_lease(driven: Driven) -> None:
    """LIVE lasts as long as audits are completed."""
    first = driven.live().present.lease_ends_at
    driven.read(6)

    assert driven.present.lease_ends_at == pytest.approx(first + 6)


# L2, L3, S1, S3.


@pytest.mark.parametrize("code", [1000, 1001, 1006, None])
def test_l2_any_close_is_a_loss(driven: Driven, code: int | None) -> None:
    """Close code 1000 is a loss too, as the user did not ask for it."""
    machine = driven.live().machine

    lost = machine.ended(driven.connection, Closed(code), at(10))

    assert states(lost) == ["STALE"]
    assert machine.link is Link.BACKOFF
    assert machine.deadline < math.inf


def test_l2_an_attempt_that_was_given_up_is_made_again(driven: Driven) -> None:
    """Whoever carries out effects may end an attempt before it has an outcome."""
    driven.dial(0)

    effects = driven.machine.ended(driven.connection, Abandoned(), at(1))

    assert [type(error) for error in errors(effects)] == [ConnectionLost]
    assert driven.machine.link is Link.BACKOFF
    assert 1 < driven.machine.deadline < math.inf


def test_l3_a_refusal_in_a_frame_ends_the_connection(driven: Driven) -> None:
    """What the exchange sent behind it is not looked at."""
    machine = driven.machine
    driven.open(0)
    words = {
        "upbit": sample("upbit", "error_too_many"),
        "coinw": sample("coinw", "login_refused"),
    }

    effects = machine.frames([words[driven.exchange.name], driven.spec.push], at(1))

    (error,) = errors(effects)
    assert isinstance(error, AssetStreamError)
    assert only(effects, HangUp).ticket == driven.connection
    assert not [item for item in items(effects) if isinstance(item, AssetUpdate)]
    assert machine.link is Link.LEAVING


def test_l3_attempts_that_fail_back_off(driven: Driven) -> None:
    """Each failure is an error event without a change of state; delays grow."""
    machine, now = driven.machine, 0.0
    waits: list[float] = []
    for _ in range(8):
        driven.dial(now)
        ending = Broken(ConnectionLost("no route"))
        effects = machine.ended(driven.connection, ending, at(now))
        assert len(errors(effects)) == 1
        waits.append(machine.deadline - now)
        now = machine.deadline

    assert driven.present.state is State.CONNECTING
    assert waits[-1] > waits[0]
    assert waits[-1] <= 60


def test_l4_attempts_keep_the_pace_of_the_exchange(driven: Driven) -> None:
    """The pace counts from the beginning of the last attempt, however long it took."""
    driven = Driven(driven.exchange.name, random=lambda: 0.0)
    machine, pace = driven.machine, driven.exchange.limits.connects.pace
    lost = Broken(ConnectionLost("no route"))
    driven.dial(0)
    machine.ended(driven.connection, lost, at(0.1))
    assert machine.deadline == pace
    driven.dial(5)
    machine.ended(driven.connection, lost, at(5 + 2 * pace))

    assert machine.deadline == 5 + 2 * pace
    assert driven.present.attempts == 2


def test_s1_the_gap_begins_with_the_last_proof_of_life(driven: Driven) -> None:
    """The gap ends with the next read; changes in it are RECOVERED."""
    machine = driven.live().machine
    machine.pong(at(8))
    machine.ended(driven.connection, Closed(1006), at(20))
    driven.prove(100)
    other = driven.spec.reply.replace(b'"1', b'"2', 1).replace(b"257.", b"258.")
    assert other != driven.spec.reply
    again = driven.read(103.5, other)

    (change,) = [i for i in items(again) if isinstance(i, StateChange)]
    gap = change.gap
    assert gap is not None
    assert gap.began.timestamp() == pytest.approx(at(8).wall, abs=0.001)
    assert gap.ended.timestamp() == pytest.approx(at(103.5).wall, abs=0.001)
    recovered = [u for u in items(again) if isinstance(u, AssetUpdate)]
    assert {u.source for u in recovered} == {Source.RECOVERED}
    assert gap.recovered == len(recovered) > 0


def test_s3_a_failed_read_is_tried_again_and_live_waits(driven: Driven) -> None:
    """The connection stays up until a read succeeds."""
    machine = driven.machine
    driven.prove(0)
    for now in (0.0, 50.0, 120.0):
        machine.pong(at(now))
        fetch = driven.fetch(now)
        failed = machine.replied(fetch.ticket, ConnectionLost("gone"), now, at(now))
        assert [type(error) for error in errors(failed)] == [ConnectionLost]
        for step in range(1, 70, 5):
            machine.pong(at(now + step))

    assert machine.link is Link.READY
    assert driven.present.state is State.CONNECTING
    assert states(driven.read(190)) == ["LIVE"]


def test_s3_a_read_that_is_limited_holds_back_the_whole_place(driven: Driven) -> None:
    """Only reads are held back; streams may still connect."""
    driven.prove(0)
    fetch = driven.fetch(0)

    reply = HttpReply(429, {"retry-after": "7"}, b"")
    effects = driven.machine.replied(fetch.ticket, reply, 0.0, at(1))

    assert only(effects, HoldBack) == HoldBack(Turn.SNAPSHOT, 7.0)


def test_l6_a_read_that_is_sent_again_is_signed_again(driven: Driven) -> None:
    """The kept connection has died: another nonce, and the time that is left."""
    machine = driven.live().machine
    fetch = driven.fetch(6)
    (again,) = machine.unanswered(fetch.ticket, 7.5, at(8.5))
    assert isinstance(again, Fetch)
    assert (again.ticket, again.timeout) == (fetch.ticket, 7.5)
    assert again.call.url == fetch.call.url
    if driven.exchange.name == "upbit":
        assert again.call.headers != fetch.call.headers
    assert machine.unanswered(fetch.ticket + 1, 5.0, at(9)) == []
    assert errors(driven.reply(again, 9)) == []
    assert machine.unanswered(fetch.ticket, 5.0, at(9)) == []


def test_w1_a_read_of_a_lost_connection_is_not_sent_again(driven: Driven) -> None:
    """Nobody wants it any more."""
    machine = driven.live().machine
    fetch = driven.fetch(6)
    machine.ended(driven.connection, Closed(1006), at(7))
    assert machine.unanswered(fetch.ticket, 7.5, at(8)) == []


# The end.


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_a_refused_key_fails_the_stream_before_the_first_live(exchange: str) -> None:
    """The error comes before the state, and nothing is dialled again."""
    driven = Driven(exchange)
    machine = driven.machine
    driven.prove(0)
    fetch = driven.fetch(0)
    status, body = driven.spec.refusal

    effects = machine.replied(fetch.ticket, HttpReply(status, {}, body), 0.0, at(1))

    published = items(effects)
    assert isinstance(published[0], AssetStreamError)
    assert published[0].fatal
    assert states(effects) == ["FAILED"]
    assert driven.end(effects, Abandoned(), 1) == []
    assert machine.link is Link.OVER
    assert driven.idle


def test_w2_whoever_reads_a_state_reads_its_error(driven: Driven) -> None:
    """FAILED and STALE have one, and LIVE has none any more, whenever it is read."""
    present = driven.present
    seen: list[tuple[State, type | None]] = []

    class Watched(type(present)):  # type: ignore[misc]
        def __setattr__(self, name: str, value: Any) -> None:
            super().__setattr__(name, value)
            if name == "state":
                error = self.error
                seen.append((self.state, None if error is None else type(error)))

    present.__class__ = Watched
    driven.open(0)
    driven.machine.ended(driven.connection, Closed(1006), at(1))
    assert isinstance(present.error, ConnectionLost)
    driven.live(10)
    driven.machine.ended(driven.connection, Closed(1006), at(20))
    driven.machine.crashed(ValueError("ours"), at(21))

    assert seen == [
        (State.CONNECTING, None),
        (State.LIVE, None),
        (State.STALE, ConnectionLost),
        (State.FAILED, AssetStreamError),
    ]


def test_a_refused_login_of_a_stream_once_live_is_believed_the_third_time() -> None:
    """Three in a row over a minute are final; fewer may be the exchange's fault."""
    driven = Driven("upbit").live()
    machine = driven.machine
    machine.ended(driven.connection, Closed(1006), at(10))
    body = b'{"error":{"name":"invalid_access_key","message":"no"}}'
    now, outcomes = 100.0, []
    for _ in range(3):
        driven.dial(now)
        effects = machine.ended(driven.connection, Refused(401, {}, body), at(now))
        (error,) = errors(effects)
        assert isinstance(error, AuthenticationError)
        outcomes.append(error.fatal)
        now += 70

    assert outcomes == [False, False, True]
    assert machine.link is Link.OVER
    assert driven.present.state is State.FAILED


@pytest.mark.parametrize(
    "link", ["NONE", "QUEUED", "DIALLING", "PROVING", "READY", "LEAVING", "BACKOFF"]
)
def test_stop_ends_at_every_link(driven: Driven, link: str) -> None:
    """STOPPED is published once, after everything else."""
    machine = driven.machine
    steps = {
        "NONE": lambda: None,
        "QUEUED": lambda: machine.started(at(0)),
        "DIALLING": lambda: driven.dial(0),
        "PROVING": lambda: driven.open(0),
        "READY": lambda: driven.live(),
        "LEAVING": lambda: silence(driven.live(), 0),
        "BACKOFF": lambda: machine.ended(driven.live().connection, Closed(1006), at(1)),
    }
    steps[link]()
    assert machine.link is Link[link]

    effects = [*machine.stop("stopped", at(100))]
    assert machine.stop("again", at(100)) == ()
    if machine.link is Link.LEAVING:
        assert states(effects) == []
        effects += machine.ended(driven.connection, Abandoned(), at(101))

    assert states(effects) == ["STOPPED"]
    assert machine.link is Link.OVER
    assert driven.present.reason == "stopped"
    assert driven.idle
    if link == "QUEUED":
        assert isinstance(effects[0], Forgo)


def test_a_goodbye_is_sent_on_an_open_connection_only(driven: Driven) -> None:
    """CoinW is unsubscribed from; Upbit, or a dial under way, gets no text."""
    driven.dial(0)
    assert not [e for e in driven.machine.stop("", at(0)) if isinstance(e, SendText)]
    other = Driven("coinw").live()

    assert only(other.machine.stop("", at(1)), SendText).text


def test_stop_while_it_is_given_up_ends_as_stopped(driven: Driven) -> None:
    """Stop and loss together give one end."""
    machine = driven.live().machine
    gone = silence(driven, 0)
    assert not machine.stop("stopped", at(100))
    ended = driven.end(gone, Abandoned(), 101)

    assert states(ended) == ["STOPPED"]


def test_a_fault_of_ours_fails_the_stream(driven: Driven) -> None:
    """The fault is published, and the connection is closed."""
    machine = driven.live().machine

    effects = machine.crashed(ValueError("oops"), at(1))

    (error,) = errors(effects)
    assert error.fatal
    assert "ValueError" in str(error)
    assert isinstance(error.__cause__, ValueError)
    assert states(effects) == ["FAILED"]
    assert driven.end(effects, Abandoned(), 1) == []
    assert machine.link is Link.OVER
    assert machine.crashed(ValueError("again"), at(2)) == []


def test_a_fault_at_every_link_leaves_nothing_behind(driven: Driven) -> None:
    """A connection, an attempt or a place in the queue is given up."""
    queued = Driven().machine
    queued.started(at(0))
    assert "Forgo" in names(queued.crashed(ValueError(), at(0)))
    dialling = Driven()
    dialling.dial(0)
    assert "HangUp" in names(dialling.machine.crashed(ValueError(), at(0)))
    new = Driven()
    assert states(new.machine.crashed(ValueError(), at(0))) == ["CONNECTING", "FAILED"]
    assert new.machine.link is Link.OVER


# Published events


def test_errors_name_their_account_and_hold_no_frames(driven: Driven) -> None:
    """Crash reporters show the variables of a traceback's frames."""
    machine = driven.live().machine
    try:
        raise ConnectionLost("no answer")
    except ConnectionLost as error:
        failed = error
    fetch = driven.fetch(6)

    machine.replied(fetch.ticket, failed, 6.0, at(7))

    assert failed.account == driven.present.account
    assert failed.exchange == driven.present.exchange
    assert failed.__traceback__ is None


def test_a_state_is_explained_by_the_problem_alone(driven: Driven) -> None:
    """The remedy stands in the error, which is published just before."""
    machine = driven.live().machine

    effects = machine.ended(driven.connection, Closed(1006), at(10))

    error, change = items(effects)
    assert isinstance(error, ConnectionLost)
    assert isinstance(change, StateChange)
    assert error.remedy
    assert change.reason == driven.present.reason == error.problem


def test_a_push_beside_another_frame_is_published_as_alone(driven: Driven) -> None:
    """Of one read, some may be about other things."""
    machine = driven.live().machine
    odd = b"not a frame"

    effects = machine.frames([driven.spec.push, odd], at(1))

    update, error = items(effects)
    assert isinstance(update, AssetUpdate)
    assert update.currency == driven.spec.pushed[0]
    assert isinstance(error, ProtocolError)
    # The same once more is no change (K1), and no update.
    assert items(machine.frames([driven.spec.push, odd], at(2)))[:-1] == []


def test_k1_a_push_that_is_too_old_changes_nothing() -> None:
    """Neither alone nor beside another frame; it is counted."""
    driven = Driven("upbit").live()
    newer = driven.spec.push.replace(b"1710146517259", b"1710146517260")
    machine, odd = driven.machine, b"not a frame"
    (update,) = items(machine.frames([newer], at(1)))
    assert isinstance(update, AssetUpdate)

    assert machine.frames([driven.spec.push], at(2)) == ()
    (error,) = items(machine.frames([driven.spec.push, odd], at(3)))
    assert isinstance(error, ProtocolError)
    assert driven.present.ignored == 2


def test_k3_the_future_is_that_of_the_exchanges_clock() -> None:
    """The upgrade's answer tells its time; ours may be an hour behind."""
    driven = Driven("upbit")
    driven.ahead = 3600.0
    driven.live()
    ahead = b'"asset_timestamp":%d' % (START_MS + 3_603_000)
    push = driven.spec.push.replace(b'"asset_timestamp":1710146517259', ahead)

    (update,) = items(driven.machine.frames([push], at(3)))
    assert isinstance(update, AssetUpdate)
    assert not driven.present.doubts


def test_k3_a_push_from_the_future_beside_another_frame_asks_for_an_audit() -> None:
    """The error names the account, and a comparison follows soon (A2)."""
    ahead = b'"asset_timestamp":%d' % (START_MS + 3_600_000)
    push = SPECS["upbit"].push.replace(b'"asset_timestamp":1710146517259', ahead)

    for frames in ([push], [push, sample("upbit", "status_up")]):
        driven = Driven("upbit").live()
        machine = driven.machine
        for now in (6, 16):
            machine.pong(at(now))
            driven.read(now)
        machine.due(at(20))
        machine.pong(at(20.1))
        assert machine.deadline > 30.9
        published = items(machine.frames(frames, at(20.5)))
        (error,) = [item for item in published if isinstance(item, ProtocolError)]

        assert "in the future" in str(error)
        assert (error.account, error.currency) == ("upbit-1", driven.spec.pushed[0])
        assert driven.spec.pushed[0] in driven.present.doubts
        assert machine.deadline == pytest.approx(30.501)


def test_a_warning_about_nothing_that_was_read_leaves_the_book_alone() -> None:
    """CoinW complains of a request that nobody waits for: no balance is in doubt."""
    driven = Driven("coinw").live()
    refused = sample("coinw", "bare_rate_limit")

    effects = driven.machine.frames([refused], at(1))

    (error,) = errors(effects)
    assert not isinstance(error, ProtocolError)
    assert not error.fatal
    assert driven.machine.link is Link.READY
    assert not driven.present.doubts


def test_k5_an_unreadable_frame_puts_the_book_in_doubt(driven: Driven) -> None:
    """One error is published, and an audit compares with REST later (A2)."""
    machine, present = driven.live().machine, driven.present

    effects = machine.frames([b"\xff not a frame"], at(1))

    assert [type(error) for error in errors(effects)] == [ProtocolError]
    assert set(present.balances) <= set(present.doubts)
    assert "" in present.doubts


def push_of(driven: Driven, now: float, amount: bytes = b"7") -> bytes:
    """The sample's push, dated by the exchange's clock, of another amount."""
    stamp = b'"asset_timestamp":%d' % (START_MS + int((now + 0.4) * 1000))
    pushed = driven.spec.push.replace(b'"asset_timestamp":1710146517259', stamp)
    return pushed.replace(b"1386929", amount)


def test_t1_a_step_of_the_exchanges_clock_doubts_what_was_ignored() -> None:
    """A ``Date`` of REST tells of it; the push may have been the newer one."""
    driven = Driven("upbit").live()
    machine, (currency, *_) = driven.machine, driven.spec.pushed
    machine.pong(at(12))
    machine.frames([push_of(driven, 14.0)], at(14))
    machine.frames([push_of(driven, 13.0, b"8")], at(14.5))
    assert driven.present.ignored == 1
    assert currency not in driven.present.doubts
    driven.ahead = -3600.0
    driven.read(15, driven.spec.reply)

    assert currency in driven.present.doubts
    assert machine.deadline <= 25.1
    # From now on pushes are judged by the clock as it is.
    machine.pong(at(16))
    machine.frames([push_of(driven, 16.0 - 3600.0, b"9")], at(16))
    assert str(driven.present.balances[currency].available).startswith("9")


def test_t1_a_step_is_nothing_where_nothing_was_ignored() -> None:
    driven = Driven("upbit").live()
    driven.machine.pong(at(12))
    driven.ahead = -3600.0
    driven.read(15, driven.spec.reply)

    assert driven.present.doubts == {}


def test_t1_a_new_connection_tells_of_a_step_as_well() -> None:
    driven = Driven("upbit").live()
    machine, (currency, *_) = driven.machine, driven.spec.pushed
    machine.frames([push_of(driven, 1.0)], at(1))
    machine.frames([push_of(driven, 0.5, b"8")], at(1.5))
    machine.ended(driven.connection, Closed(1006), at(2))
    driven.ahead = 3600.0
    driven.prove(100)

    assert currency in driven.present.doubts


def test_t1_pushes_that_contradict_the_clock_move_it_and_are_one_error() -> None:
    driven = Driven("upbit").live()
    machine = driven.machine
    machine.pong(at(10))
    found = [
        errors(machine.frames([push_of(driven, now + 30.0, b"%d" % now)], at(now)))
        for now in (11, 16, 21, 22)
    ]

    assert [len(each) for each in found] == [0, 0, 1, 0]
    assert "contradict" in str(found[2][0])
    assert found[2][0].account == "upbit-1"
    assert driven.present.error is found[2][0]


def test_t1_without_any_date_nothing_is_ahead() -> None:
    driven = Driven("upbit")
    driven.ahead = None
    driven.live()

    published = items(driven.machine.frames([push_of(driven, 99.0)], at(1)))
    assert [type(item) for item in published] == [AssetUpdate]


def test_s2_a_snapshot_publishes_what_it_did_not_understand() -> None:
    """The error comes before the changes; what it does not name is in doubt."""
    driven = Driven("upbit").live()
    driven.machine.ended(driven.connection, Closed(1006), at(10))
    driven.prove(100)
    body = b'[{"currency":"DOGE","balance":"1","locked":"0"},{"balance":"1"}]'

    effects = driven.read(101, body)

    error, update, change = items(effects)
    assert isinstance(error, ProtocolError)
    assert isinstance(update, AssetUpdate)
    assert (update.currency, update.source) == ("DOGE", Source.RECOVERED)
    assert states(effects) == ["LIVE"]
    assert isinstance(change, StateChange)
    assert driven.present.in_doubt() == ("KRW", "XRP")


def test_a5_balances_that_were_never_pushed_are_a_reason_to_reconnect(
    driven: Driven,
) -> None:
    """Two reads agree and nothing was pushed: the subscription is dead (A4)."""
    machine = driven.live().machine
    pushed = driven.exchange.read_replied(200, {}, driven.spec.reply)
    amount = str(pushed.balances[0].available).encode()
    other = driven.spec.reply.replace(amount, amount + b"1")
    assert other != driven.spec.reply
    machine.pong(at(12))
    assert items(driven.read(12, other)) == []
    effects = driven.read(14, other)
    if not driven.exchange.pushes_everything:  # There it takes a second time.
        assert [type(item) for item in items(effects)] == [AssetUpdate]
        other = driven.spec.reply.replace(amount, amount + b"2")
        machine.pong(at(25))
        assert items(driven.read(25, other)) == []
        effects = driven.read(27, other)

    update, error, change = items(effects)
    assert isinstance(update, AssetUpdate)
    assert update.source is Source.AUDIT
    assert isinstance(error, ConnectionLost)
    assert error.problem == (
        "reconnecting: balances changed and nothing was pushed, so this connection may "
        "have lost pushes"
    )
    assert error.remedy.startswith("If this repeats, stop other programs")
    assert isinstance(change, StateChange)
    assert only(effects, HangUp).ticket == driven.connection
    assert machine.link is Link.LEAVING


def test_the_last_change_of_a_balance_is_known() -> None:
    """The machine answers for its book."""
    driven = Driven("coinw").live()
    (update,) = items(driven.machine.frames([driven.spec.push], at(1)))

    assert isinstance(update, AssetUpdate)
    assert driven.machine.last_change(update.currency) == update.change != 0
    assert driven.machine.last_change("NONE") == 0


def test_a1_those_who_share_a_place_audit_less_often(driven: Driven) -> None:
    """health() shows the interval in force."""
    machine = driven.live().machine
    alone = machine.audit_interval(1000.0)
    assert alone is not None
    machine.shared(10 * alone)

    assert machine.audit_interval(1000.0) == 10 * alone
    found = machine.detection_time(1000.0)
    assert found is not None
    assert found > 10 * alone


def test_nothing_is_published_for_a_duplicate(driven: Driven) -> None:
    """The fast lane returns no effects if nothing changed (K1)."""
    machine = driven.live().machine
    first = machine.frames([driven.spec.push], at(1))
    again = machine.frames([driven.spec.push], at(2))

    assert isinstance(first[0], Publish)
    assert again == ()


def test_a_deadline_is_never_late(driven: Driven) -> None:
    """After any event, nothing of the machine is due before ``deadline``."""
    machine = driven.live().machine
    for now in range(1, 60):
        machine.frames([driven.spec.push], at(now))
        conversation = machine._conversation
        assert conversation is not None
        assert machine.deadline <= conversation.deadline
        assert machine.deadline <= driven.present.dead_at
        assert machine.deadline <= machine._reads.deadline


def test_an_adapter_may_want_to_be_called_sooner_after_a_push(
    driven: Driven, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deadline follows the conversation's, on the fast lane as well."""
    machine = driven.live().machine
    received = type(machine._conversation).received

    def hurried(self: Any, frames: Any, instant: Any) -> Any:
        steps = received(self, frames, instant)
        self.deadline = instant.now + 0.25
        return steps

    monkeypatch.setattr(type(machine._conversation), "received", hurried)
    machine.frames([driven.spec.push], at(1))

    assert machine.deadline == 1.25


# The table of links.


def test_no_state_but_those_of_the_table(driven: Driven) -> None:
    """A change of state that is not in the table raises, and changes nothing."""
    for state in State:
        for other in set(State) - TRANSITIONS[state]:
            driven.present.state = state
            with pytest.raises(RuntimeError, match="no way from"):
                driven.machine._change(other, "")
            assert driven.present.state is state


def test_no_way_but_those_of_the_table(driven: Driven) -> None:
    """A transition that is not in the table raises."""
    for link in Link:
        for other in set(Link) - LINKS[link]:
            driven.machine.link = link
            with pytest.raises(RuntimeError, match="no way from"):
                driven.machine._go(other)


def test_it_reads_no_clock_and_draws_no_chance() -> None:
    """The same events give the same effects."""
    runs = []
    for _ in range(2):
        driven = Driven("coinw")
        effects: list[Any] = [*driven.prove(0), *driven.read(0.5)]
        effects += driven.machine.frames([driven.spec.push], at(1))
        effects += silence(driven, 2)
        runs.append([*names(effects), *map(repr, items(effects))])

    assert runs[0] == runs[1]
    assert "time" not in vars(machine_module)
