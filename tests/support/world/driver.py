"""The runtime's part in small: carries out the machine's effects, exactly in order."""

from __future__ import annotations

import itertools
import math
from typing import Any, Callable, Collection, Sequence

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
)
from assetstream.core.link import Link
from assetstream.core.machine import StreamMachine
from assetstream.core.moment import Moment
from assetstream.core.outcomes import Abandoned, Ending, HttpReply, Outcome, Refused
from assetstream.core.present import Present
from tests.support.world.clocks import Clocks
from tests.support.world.exchange import ExchangeSide, Pushed
from tests.support.world.findings import Findings
from tests.support.world.luck import Luck
from tests.support.world.machine_check import OPEN, MachineCheck
from tests.support.world.network import Connection
from tests.support.world.place import Place
from tests.support.world.promise import Promise
from tests.support.world.rest import Answer, Replicas, Reply
from tests.support.world.timeline import Timeline

__all__ = ["Driver"]


class Driver:
    """One stream: the real machine, and what a runtime does for it.

    Attributes:
        machine: the real one.
        present: its present.
        findings: what was found.
        check: checks its calls and effects.
        promise: judges its balances.
        calls: so many calls of the machine were made.
        asleep_until: the host sleeps until then: nothing reaches the machine.
    """

    def __init__(
        self,
        timeline: Timeline,
        clocks: Clocks,
        place: Place,
        side: ExchangeSide,
        replicas: Replicas,
        luck: Luck,
        findings: Findings,
        machine: Callable[[Present, Callable[[], str]], StreamMachine],
        *,
        excused: Collection[str],
    ) -> None:
        self.present = Present(
            side.wire.exchange.name, "simulated", lambda: timeline.now
        )
        nonces = map("{:08x}-0000-4000-8000-000000000000".format, itertools.count(1))
        self.machine = machine(self.present, nonces.__next__)
        self.check = MachineCheck(timeline, clocks, self.machine, findings)
        self.promise = Promise(
            timeline, self.machine, side.ledger, findings, excused=excused
        )
        self.calls = 0
        self.connection: Connection | None = None
        self._timeline = timeline
        self._clocks = clocks
        self._place = place
        self._side = side
        self._replicas = replicas
        self._luck = luck
        self.findings = findings
        self._armed = math.inf
        self.asleep_until = 0.0
        # It shares the place.
        self._member = False
        self._fetch: Fetch | None = None

    # Events. Each may come while the host sleeps; then it comes when it wakes.

    def start(self) -> None:
        """Start the stream."""
        if self.machine.link is Link.NONE:
            self._place.join(self)
            self._member = True
        self._call("started", self.machine.started)

    def stop(self) -> None:
        """Ask the stream to stop."""
        self.check.closing = True
        self._call("stop", self.machine.stop, "stopped")

    def crash(self) -> None:
        """Let the runtime fail by itself, while it carries out effects."""
        if self.machine.link is Link.NONE:
            return
        self.check.closing = True
        self._call("crashed", self.machine.crashed, RuntimeError("simulated"))

    def sleep(self, seconds: float) -> None:
        """Suspend the host."""
        self.findings.note("asleep for", seconds)
        until = self._timeline.now + seconds
        self.asleep_until = max(self.asleep_until, until)
        self.promise.sleep(self.asleep_until)

    def stray(self) -> None:
        """Report what is over or was never asked for: it leads to nothing (W1)."""
        if self.asleep_until > self._timeline.now:
            return
        machine, old = self.machine, self.check.last_ticket - 1
        self._stray("granted", machine.granted, old)
        self._stray("opened", machine.opened, old, {}, self._timeline.now)
        self._stray("ended", machine.ended, old, Abandoned())
        reply = HttpReply(200, {}, b"[]")
        self._stray("replied", machine.replied, old, reply, self._timeline.now)
        if machine.link is not Link.NONE:
            self._stray("started", machine.started)
        if machine.link not in OPEN:
            self._stray("frames", machine.frames, [b"{}"])
            self._stray("pong", machine.pong)
        if machine.deadline > self._timeline.now:
            self._stray("due", machine.due)

    def _stray(self, event: str, method: Callable[..., Any], *args: Any) -> None:
        if args and self.check.is_wanted(args[0]):
            return
        self.promise.pass_time()
        effects = self._step(event, method, *args)
        self.check.ignored(f"a stray {event}", effects)
        self._carry_out(effects)

    def granted(self, ticket: int) -> None:
        """Report a turn."""
        if not self._delayed(self.granted, ticket):
            self.check.granting(ticket)
            self._call("granted", self.machine.granted, ticket)

    def opened(self, ticket: int, asked: float) -> None:
        """Report an open connection."""
        if not self._delayed(self.opened, ticket, asked):
            self.check.opening(ticket)
            headers = self._clocks.headers(pushing=True)
            self._call("opened", self.machine.opened, ticket, headers, asked)

    def ended(self, ticket: int, ending: Ending) -> None:
        """Report the end of a connection, once for each dial."""
        if not self._delayed(self.ended, ticket, ending):
            self.check.ending(ticket, ending)
            self._call("ended", self.machine.ended, ticket, ending)

    def pong(self) -> None:
        """Hand over a pong."""
        if not self._delayed(self.pong):
            if self._lives():
                self.check.proved()
            self._call("pong", self.machine.pong)

    def frames(self, batch: Sequence[bytes], pushes: Sequence[Pushed]) -> None:
        """Hand over frames."""
        if self.asleep_until > self._timeline.now:
            self._delayed(self.frames, batch, pushes)
            return
        self.promise.pass_time()
        taken = self._lives()
        if taken:
            self.check.proved()
            if batch[0] == self._side.wire.login_refused:
                self.check.refused()
        if taken and pushes:
            self.promise.pushed(pushes)
        self._carry_out(self._step("frames", self.machine.frames, batch))

    def replied(self, ticket: int, answer: Answer, asked: float) -> None:
        """Hand over a reply, wanted or not."""
        if self._delayed(self.replied, ticket, answer, asked):
            return
        self.promise.pass_time()
        outcome = answer.outcome
        wanted = self.check.replying(ticket, outcome)
        if wanted and self._refuses_key(outcome):
            self.check.refused()
        if wanted:
            self.promise.read(answer)
        effects = self._step("replied", self.machine.replied, ticket, outcome, asked)
        if wanted:
            self.promise.replied(effects)
        else:
            self.check.ignored("a reply", effects)
        self._carry_out(effects)

    def _refuses_key(self, outcome: Outcome) -> bool:
        unknown = self._side.wire.unknown_key[1]
        return isinstance(outcome, HttpReply) and outcome.body == unknown

    def _lives(self) -> bool:
        """True if the machine goes by what comes on its connection."""
        return self.machine.link in OPEN and self._timeline.now < self.present.dead_at

    def _delayed(self, event: Callable[..., None], *args: Any) -> bool:
        if self.asleep_until <= self._timeline.now:
            return False
        self._timeline.at(self.asleep_until, event, *args)
        return True

    # The call.

    def _call(self, event: str, method: Callable[..., Any], *args: Any) -> None:
        self.promise.pass_time()
        self._carry_out(self._step(event, method, *args))

    def _step(
        self, event: str, method: Callable[..., Sequence[Effect]], *args: Any
    ) -> Sequence[Effect]:
        self.calls += 1
        at = self._clocks.moment()
        try:
            effects = method(*args, at)
        except Exception as error:
            self.check.raised(event, error)
            return self._crash(error, at)
        if self.findings.traced:
            self.findings.note(event, *_brief(args), "->", *effects)
        self.check.called(event, effects)
        self.promise.called(event, effects)
        return effects

    def _crash(self, error: Exception, at: Moment) -> Sequence[Effect]:
        try:
            effects = self.machine.crashed(error, at)
        except Exception as again:
            self.check.raised("crashed", again)
            return ()
        self.check.called("crashed", effects)
        self.promise.called("crashed", effects)
        return effects

    def _carry_out(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            if type(effect) is not Publish:
                CARRY_OUT[type(effect)](self, effect)
        if self._member and self.machine.link is Link.OVER:
            self._member = False
            self._place.leave(self)
        deadline = self.machine.deadline
        if deadline < self._armed:
            self._armed = deadline
            self._timeline.at(deadline, self._wake, deadline)

    def _wake(self, armed: float) -> None:
        if armed != self._armed:
            return  # It was armed anew, for an earlier time.
        if self._delayed(self._wake, armed):
            return
        self._armed = math.inf
        now, deadline = self._timeline.now, self.machine.deadline
        if deadline <= now:
            self._call("due", self.machine.due)
            if self.machine.deadline <= now:
                self._armed = -math.inf  # Busy: found, and not gone on with.
        elif deadline < math.inf:
            self._armed = deadline
            self._timeline.at(deadline, self._wake, deadline)

    # Effects.

    def _ask(self, effect: Ask) -> None:
        self._place.ask(self, effect.ticket, effect.turn)

    def _forgo(self, effect: Forgo) -> None:
        self._place.forgo(self, effect.ticket)

    def _hold_back(self, effect: HoldBack) -> None:
        self._place.hold_back(effect.turn, effect.seconds)

    def _dial(self, effect: Dial) -> None:
        self.connection = Connection(
            self._timeline, self, self._side, self._luck, effect.ticket
        )
        dialling = self._luck.dialling()
        if self._side.refuses_key and not self._side.wire.login_refused:
            status, body = self._side.wire.unknown_key
            dialling = dialling._replace(ending=Refused(status, {}, body))
        connect = effect.connect
        self.connection.dial(dialling, {**connect.headers, "url": connect.url})

    def _hang_up(self, effect: HangUp) -> None:
        if self.connection is not None:
            self.connection.hang_up(self._luck.farewell())

    def _send_text(self, effect: SendText) -> None:
        if self.connection is not None:
            self.connection.send(effect.text)

    def _send_ping(self, effect: SendPing) -> None:
        if self.connection is not None:
            self.connection.ping()

    def _fetch_it(self, effect: Fetch) -> None:
        self.promise.counts["reads"] += 1
        self._timeline.after(self._luck.latency(), self._request, effect)
        self._fetch = effect

    def _request(self, effect: Fetch) -> None:
        asked = self._timeline.now
        reply = self._luck.reply()
        if self._side.refuses_key and not reply.failure:
            reply = reply._replace(failure="key")
        if reply.duration > effect.timeout or reply.failure == "timeout":
            reply = reply._replace(failure="timeout", duration=effect.timeout)
        half = reply.duration / 2
        self._timeline.after(half, self._answer, effect, reply, asked)

    def _answer(self, effect: Fetch, reply: Reply, asked: float) -> None:
        """Let the replica answer, halfway."""
        ticket = effect.ticket
        answer = self._replicas.answer(reply, effect.call, self._timeline.now)
        self.findings.note("read", ticket, reply, answer.seen)
        self._timeline.after(reply.duration / 2, self._reply, ticket, answer, asked)

    def _reply(self, ticket: int, answer: Answer, asked: float) -> None:
        called_off = self._fetch is None or self._fetch.ticket != ticket
        # One that was called off may be answered all the same.
        if not called_off or self._luck.late_reply():
            self.replied(ticket, answer, asked)

    def _call_off(self, effect: CallOff) -> None:
        self._fetch = None


CARRY_OUT: dict[type, Callable[[Driver, Any], None]] = {
    Ask: Driver._ask,
    Forgo: Driver._forgo,
    HoldBack: Driver._hold_back,
    Dial: Driver._dial,
    HangUp: Driver._hang_up,
    SendText: Driver._send_text,
    SendPing: Driver._send_ping,
    Fetch: Driver._fetch_it,
    CallOff: Driver._call_off,
}


def _brief(args: Sequence[object]) -> list[object]:
    """Shorten what a trace need not show."""
    return [arg for arg in args if not isinstance(arg, dict)]
