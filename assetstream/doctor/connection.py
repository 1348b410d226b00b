"""Checks of the WebSocket, by a real stream: connect, subscribe, have a ping answered.

If a stream of the account runs, its health answers instead.
"""

from __future__ import annotations

import dataclasses
from queue import Empty, SimpleQueue
from typing import Callable, Iterable, Iterator, Sequence

from msgspec.structs import replace

from assetstream.display.words import aged, counted, lasting
from assetstream.doctor.examination import (
    Examination,
    Item,
    Outcome,
    failure,
    skip,
)
from assetstream.doctor.report import Check, Verdict
from assetstream.model.errors import AssetStreamError
from assetstream.model.health import Health
from assetstream.model.states import State
from assetstream.protocol import Alive, Connect, Ready, Report, Step
from assetstream.protocol.observer import Observer, observed
from assetstream.runtime.dispatcher import Handlers
from assetstream.runtime.exchange_origin import ExchangeOrigin
from assetstream.runtime.loop.registrations import registered
from assetstream.runtime.loop.waits import Deadline, get_interruptibly
from assetstream.runtime.settings import make_settings
from assetstream.runtime.stream_run import StreamRun

__all__ = ["connection_checks"]

#: Seconds between two pings: a person waits for the first, so it comes early.
PING_INTERVAL = 0.5
#: Seconds for one step: more than a conversation waits, so that its error comes first.
PHASE_TIME = 15.0
#: The share of that for one attempt to connect.
CONNECT_SHARE = 0.5
#: The steps that need an open WebSocket, and those that need a proved subscription.
AFTER_OPEN = ("subscription", "ping", "pushes")
AFTER_PROOF = ("ping", "pushes")
#: One failure may be a hiccup; after two, the connection has failed.
FAILURES = 2


def connection_checks(examination: Examination) -> Iterator[Item]:
    """Check the connection of the running stream, or of a stream made for this."""
    if examination.subject.health is not None:
        yield from _running_checks(examination, examination.subject.health)
        return
    probe = ProbeStream(examination)
    yield "WebSocket"
    with examination.on_cancel(probe.wake):
        try:
            opened = examination.run("WebSocket", probe.open)
            yield opened
            yield "subscription"
            if opened.verdict is Verdict.RED:
                yield from _skipped("the WebSocket is not open", AFTER_OPEN)
                return
            proved = examination.run("subscription", probe.prove)
            yield proved
            yield "ping"
            if proved.verdict is Verdict.RED:
                yield from _skipped("the subscription is not proved", AFTER_PROOF)
                return
            # Most of its time passed before a ping was due, which means nothing.
            pinged = examination.run("ping", probe.await_pong)
            yield dataclasses.replace(pinged, seconds=0.0)
            yield examination.judge("pushes", probe.judge_pushes)
        finally:
            probe.stop()


def _skipped(why: str, names: Iterable[str]) -> Iterator[Item]:
    return (skip(name, why) for name in names)


class ProbeStream(Observer):
    """A stream of the doctor's own, and what it learns about its connection.

    The stream's thread calls the observer's methods, the examination's thread the
    others.
    """

    def __init__(self, examination: Examination) -> None:
        self._examination = examination
        #: One item for each event: the waiting thread looks at the attributes then.
        self._events: SimpleQueue[None] = SimpleQueue()
        self._errors: list[AssetStreamError] = []
        self._attempts = 0
        self._open = False
        #: The upgrade logs in, by a header.
        self._token = False
        #: The latest event was a pong, which can prove a subscription, too.
        self._ponged = False
        #: The proof of the subscription; the attempt in which it came; and the number
        #: of errors before it.
        self._proof = ""
        self._proved_in = self._forgiven = 0
        self._round_trip: float | None = None
        self._pushes = 0
        subject = examination.subject
        limits = replace(subject.exchange.limits, ping_interval=PING_INTERVAL)
        exchange = observed(subject.exchange.with_limits(limits), self)
        settings = make_settings(
            exchange,
            account=f"{subject.account}-doctor",
            audit_interval=None,
            connect_timeout=examination.time_for_step(PHASE_TIME) * CONNECT_SHARE
            or 1.0,
            history=0,
            max_pending=100,
            proxy=subject.proxy,
            ssl_context=subject.ssl_context,
        )
        # Not an AssetStream, which would replace, or warn of, others with this key.
        self._run = StreamRun(
            ExchangeOrigin(exchange), settings, Handlers(error=registered(self._failed))
        )

    def open(self) -> Outcome:
        """Connect, and log in if that is part of the upgrade."""
        self._run.begin()
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
            answered = f"answered after {lasting(self._round_trip or 0.0)}"
            return Outcome(Verdict.GREEN, answered)
        return self._failure("no ping was answered")

    def judge_pushes(self) -> Outcome:
        """Count the pushes; that none came is no fault."""
        if self._pushes:
            return Outcome(Verdict.GREEN, f"{self._pushes} came meanwhile")
        silence = self._examination.subject.exchange.silence
        return Outcome(Verdict.GREEN, f"none came in this short time. {silence}")

    def stop(self) -> None:
        """Stop the stream, and wait until its threads have ended."""
        self._run.stop(timeout=5.0)

    def wake(self) -> None:
        """Have the waiting thread look at what is new; from any thread."""
        self._events.put(None)

    def _wait(self, met: Callable[[], object]) -> bool:
        deadline = Deadline(self._examination.time_for_step(PHASE_TIME))
        while not met():
            if self._is_hopeless():
                return False
            try:
                get_interruptibly(self._events, deadline)
            except Empty:
                return False
            self._examination.raise_if_cancelled()
        return True

    def _is_hopeless(self) -> bool:
        errors = self._errors
        if any(error.fatal for error in errors):
            return True
        if self._proof:
            # An error after the proof may come from the REST read. A new attempt shows
            # that the connection was lost, and then the last error is about that.
            again = self._attempts > self._proved_in
            return again and len(errors) > self._forgiven
        return len(errors) >= FAILURES

    def _failure(self, otherwise: str) -> Outcome:
        if self._errors:
            return failure(self._errors[-1])
        return Outcome(
            Verdict.RED,
            f"{otherwise} in time",
            (
                "Try again in a minute: it may be overloaded or in maintenance; if it "
                "stays so, a proxy or firewall on the way may not let WebSockets pass.",
            ),
        )

    # The stream's threads call these.

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
        own = self._examination.subject.exchange.proof
        pong = "the answer to a ping sent after it"
        self._proved_in, self._forgiven = self._attempts, len(self._errors)
        # Only a later ping counts: an exchange may answer this one, and then refuse.
        self._round_trip = None
        self._proof = "a push" if pushed else pong if self._ponged else own
        self.wake()


def _running_checks(
    examination: Examination, fresh_health: Callable[[], Health]
) -> Iterator[Item]:
    """Check the connection of a running stream by its health."""
    yield "WebSocket"
    health = fresh_health()
    yield examination.judge("WebSocket", lambda: _judge_running(health))
    if health.state is not State.LIVE:
        yield from _skipped(f"the stream is {health.state}", AFTER_OPEN)
        return
    reconnects = counted(health.reconnects, "reconnect")
    since = f"{aged(health.uptime)} ago, {reconnects} since"
    proved = f"proved, and the balances are merged (started {since})"
    yield Check("subscription", Verdict.GREEN, proved)
    if health.round_trip is None:
        yield skip("ping", "none was due yet in this stream")
    else:
        answered = f"the latest was answered after {lasting(health.round_trip)}"
        yield Check("ping", Verdict.GREEN, answered)
    yield Check("pushes", Verdict.GREEN, examination.subject.exchange.silence)


def _judge_running(health: Health) -> Outcome:
    state, error = health.state, health.error
    if state is State.LIVE:
        finding = "this stream's own is open and LIVE; none was opened beside it"
        return Outcome(Verdict.GREEN, finding)
    if error is not None:
        outcome = failure(error)
        return outcome._replace(finding=f"the stream is {state}: {outcome.finding}")
    return Outcome(
        Verdict.YELLOW,
        f"the stream is {state}, and has met no error",
        ("Give it a moment, and look again.",),
    )
