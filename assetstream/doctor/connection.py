"""The WebSocket: a real stream, watched until it is proved and a ping is answered."""

from __future__ import annotations

import dataclasses
from queue import Empty, SimpleQueue
from typing import Callable, Iterable, Iterator, Sequence

from msgspec.structs import replace

from assetstream.display.words import counted
from assetstream.doctor.case import Case, Item, Outcome, skip, told
from assetstream.doctor.report import Verdict
from assetstream.model.errors import AssetStreamError
from assetstream.model.states import State
from assetstream.protocol import Alive, Connect, Ready, Report, Step
from assetstream.protocol.observed import Observer, observed
from assetstream.runtime.dispatcher import Handlers
from assetstream.runtime.lifecycle import Launch
from assetstream.runtime.loop.waits import Deadline, get_interruptibly
from assetstream.runtime.settings import make_settings
from assetstream.streams.readings import Readings

__all__ = ["connection_checks"]

#: Nobody waits for the first ping as long as a stream does, seconds.
PING_INTERVAL = 0.5
#: More than a conversation's own patience, so that it says what it has waited for.
PHASE_TIME = 15.0
#: Of that, what one attempt to connect may take.
CONNECT_SHARE = 0.5
#: The steps that are left then.
AFTER_OPEN = ("subscription", "ping", "pushes")
AFTER_PROOF = ("ping", "pushes")
#: One hiccup is forgiven; a connection that fails twice has failed.
FAILURES = 2


def connection_checks(case: Case) -> Iterator[Item]:
    """Look at the connection of a running stream, or of one made for this."""
    if case.patient.stream is not None:
        yield from _running_checks(case, case.patient.stream)
        return
    trial = Trial(case)
    yield "WebSocket"
    with case.ended_by(trial.wake):
        try:
            opened = case.run("WebSocket", trial.open)
            yield opened
            yield "subscription"
            if opened.verdict is Verdict.RED:
                yield from _skipped("the WebSocket is not open", AFTER_OPEN)
                return
            proved = case.run("subscription", trial.prove)
            yield proved
            yield "ping"
            if proved.verdict is Verdict.RED:
                yield from _skipped("the subscription is not proved", AFTER_PROOF)
                return
            # Most of the time it was not due yet, which is nobody's business.
            yield dataclasses.replace(case.run("ping", trial.await_pong), seconds=0.0)
            yield case.judge("pushes", trial.tell_pushes)
        finally:
            trial.stop()


def _skipped(why: str, names: Iterable[str]) -> Iterator[Item]:
    return (skip(name, why) for name in names)


class Trial(Observer):
    """A stream that nobody else knows of, and what has become of its connection.

    It is told of that in the session's thread, and asked for it in another.
    """

    def __init__(self, case: Case) -> None:
        self._case = case
        self._news: SimpleQueue[None] = SimpleQueue()
        self._errors: list[AssetStreamError] = []
        self._attempts = 0
        self._open = False
        #: Whether the upgrade logs in, by a header.
        self._token = False
        #: Whether the latest event was a pong, which proves a subscription, too.
        self._ponged = False
        #: How the subscription was proved, once it was; in which attempt, and after
        #: how many errors.
        self._proof = ""
        self._proved_in = self._forgiven = 0
        self._round_trip: float | None = None
        self._pushes = 0
        patient = case.patient
        limits = replace(patient.exchange.limits, ping_interval=PING_INTERVAL)
        exchange = observed(patient.exchange.with_limits(limits), self)
        settings = make_settings(
            exchange,
            account=f"{patient.account}-doctor",
            audit_interval=None,
            connect_timeout=case.time_for_step(PHASE_TIME) * CONNECT_SHARE or 1.0,
            history=0,
            max_pending=100,
            proxy=patient.proxy,
            ssl_context=patient.ssl_context,
        )
        handlers = Handlers()
        handlers.error = (self._failed,)
        # Not an AssetStream, which would replace, or warn of, others with this key.
        self._launch = Launch(exchange, settings, handlers)

    def open(self) -> Outcome:
        """Connect, and log in if that is part of the upgrade."""
        self._launch.begin()
        if self._wait(lambda: self._open):
            login = "with a token that is accepted" if self._token else "login follows"
            return Outcome(Verdict.GREEN, f"open, {login}")
        return self._failure("the WebSocket did not open")

    def prove(self) -> Outcome:
        """Log in if it is not done, and subscribe."""
        if self._wait(lambda: self._proof):
            return Outcome(Verdict.GREEN, f"proved by {self._proof}")
        return self._failure("the subscription was not proved")

    def await_pong(self) -> Outcome:
        """Wait for the answer to a ping."""
        if self._wait(lambda: self._round_trip is not None):
            return Outcome(Verdict.GREEN, f"answered after {ms(self._round_trip)}")
        return self._failure("no ping was answered")

    def tell_pushes(self) -> Outcome:
        """Say what it means that nothing was pushed; that is no fault."""
        if self._pushes:
            return Outcome(Verdict.GREEN, f"{self._pushes} came meanwhile")
        silence = self._case.patient.exchange.silence
        return Outcome(Verdict.GREEN, f"none came in this short time. {silence}")

    def stop(self) -> None:
        """End it; its threads have ended then."""
        self._launch.stop(timeout=5.0)

    def wake(self) -> None:
        """Have the wait look around; from any thread."""
        self._news.put(None)

    def _wait(self, met: Callable[[], object]) -> bool:
        deadline = Deadline(self._case.time_for_step(PHASE_TIME))
        while not met():
            if self._is_hopeless():
                return False
            try:
                get_interruptibly(self._news, deadline)
            except Empty:
                return False
            self._case.check()
        return True

    def _is_hopeless(self) -> bool:
        errors = self._errors
        if any(error.fatal for error in errors):
            return True
        if self._proof:
            # Errors of the read that follows are no matter of the connection, but
            # there is one of its loss, too, once it is made anew.
            again = self._attempts > self._proved_in
            return again and len(errors) > self._forgiven
        return len(errors) >= FAILURES

    def _failure(self, otherwise: str) -> Outcome:
        if self._errors:
            return told(self._errors[-1])
        return Outcome(
            Verdict.RED,
            f"{otherwise} in time",
            (
                "Try again in a minute: it may be overloaded or in maintenance; if it "
                "stays so, a proxy or firewall on the way may not let WebSockets pass.",
            ),
        )

    # In threads of the stream.

    def _failed(self, error: AssetStreamError) -> None:
        self._errors.append(error)
        self.wake()

    def connecting(self, connect: Connect) -> None:
        self._attempts += 1
        self._token = bool(connect.headers)
        self.wake()

    def opened(self) -> None:
        self._open = True
        self.wake()

    def received(self, frames: Sequence[bytes]) -> None:
        self._ponged = False

    def pong(self) -> None:
        self._ponged = True

    def answered(self, steps: Sequence[Step]) -> None:
        pushes = sum(isinstance(step, Report) for step in steps)
        self._pushes += pushes
        for step in steps:
            if isinstance(step, Ready):
                self._proved(pushed=pushes > 0)
            elif isinstance(step, Alive) and step.round_trip is not None:
                self._round_trip = step.round_trip
                self.wake()

    def _proved(self, *, pushed: bool) -> None:
        own = self._case.patient.exchange.proof
        pong = "the answer to a ping sent after it"
        self._proved_in, self._forgiven = self._attempts, len(self._errors)
        # Only a later ping counts: an exchange may refuse just after this one's answer.
        self._round_trip = None
        self._proof = "a push" if pushed else pong if self._ponged else own
        self.wake()


def _running_checks(case: Case, stream: Readings) -> Iterator[Item]:
    """Take a running stream's own facts."""
    yield "WebSocket"
    health = stream.health()
    yield case.judge("WebSocket", lambda: _judge_running(stream))
    if health.state is not State.LIVE:
        yield from _skipped(f"the stream is {health.state}", AFTER_OPEN)
        return
    since = (
        f"{health.uptime:.0f} s ago, {counted(health.reconnects, 'reconnect')} since"
    )
    finding = f"proved, and the balances are merged (started {since})"
    yield case.judge("subscription", lambda: Outcome(Verdict.GREEN, finding))
    if health.round_trip is None:
        yield skip("ping", "none was due yet in this stream")
    else:
        finding = f"the latest was answered after {ms(health.round_trip)}"
        yield case.judge("ping", lambda: Outcome(Verdict.GREEN, finding))
    silence = case.patient.exchange.silence
    yield case.judge("pushes", lambda: Outcome(Verdict.GREEN, silence))


def ms(seconds: float | None) -> str:
    """Write a round trip for people."""
    milliseconds = (seconds or 0.0) * 1000
    return f"{milliseconds:.{1 if milliseconds < 10 else 0}f} ms"


def _judge_running(stream: Readings) -> Outcome:
    state, error = stream.state, stream.error
    if state is State.LIVE:
        finding = "this stream's own is open and LIVE; none was opened beside it"
        return Outcome(Verdict.GREEN, finding)
    if error is not None:
        outcome = told(error)
        return outcome._replace(finding=f"the stream is {state}: {outcome.finding}")
    return Outcome(
        Verdict.YELLOW,
        f"the stream is {state}, and has met no error",
        ("Give it a moment, and look again.",),
    )
