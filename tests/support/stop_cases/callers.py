"""Cases by caller: threads, the stream's own handlers, signals."""

from __future__ import annotations

import os
import signal
import threading
from queue import SimpleQueue
from time import perf_counter
from typing import Any, Callable

import pytest

from assetstream import (
    AssetStream,
    AssetUpdate,
    State,
    StateChange,
    StreamStateError,
)
from assetstream.model.errors import AssetStreamError
from assetstream.simulator.messages import Kind, Message
from tests.support.event_recorder import PATIENCE
from tests.support.raw_server import Peer
from tests.support.stop_cases.setup import Case, StopSetup

__all__ = ["CALLERS"]


def main_thread(setup: StopSetup) -> None:
    setup.stop(setup.live())


def another_thread(setup: StopSetup) -> None:
    stream = setup.live()
    thread = threading.Thread(target=setup.stop, args=(stream,))
    thread.start()
    thread.join()


def many_threads(setup: StopSetup) -> None:
    """Eight threads stop at once: each gets True, and the slowest counts."""
    stream = setup.live()
    answers: list[bool] = []
    threads = [
        threading.Thread(target=lambda: answers.append(stream.stop())) for _ in range(8)
    ]
    began = perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    setup.measure_stop(began)
    assert answers == [True] * 8


def twice(setup: StopSetup) -> None:
    stream = setup.live()
    stream.stop()
    setup.stop(stream)


def before_start(setup: StopSetup) -> None:
    setup.stop(setup.stream())


def in_callback(kind: type) -> Callable[[StopSetup], None]:
    """Return a case in which a handler of such events stops the stream."""

    def run(setup: StopSetup) -> None:
        called: list[float] = []
        stream = setup.stream()

        def stop(event: Any) -> None:
            live = not isinstance(event, StateChange) or event.current is State.LIVE
            if live and not called:
                called.append(perf_counter())
                assert stream.stop() is True
                stopped.set()

        stopped = threading.Event()
        stream.on_asset(stop) if kind is AssetUpdate else None
        stream.on_error(stop) if kind is AssetStreamError else None
        stream.on_state(stop) if kind is StateChange else None
        stream.start(wait=False)
        if kind is AssetStreamError:
            setup.account.wait_for_subscribers()
            (session,) = setup.account._subscribers
            session.connection.send(Message(Kind.PUSH, b"garbage"))
        assert stopped.wait(PATIENCE)
        setup.wait_until_stopped(stream, called[0])

    return run


#: ``SimpleQueue`` and no event: a signal that comes inside ``put`` leaves no lock held.
Signal = SimpleQueue[None]
Waiting = Callable[[AssetStream, Signal], None]


def on_signal(number: int, wait: Waiting) -> Callable[[StopSetup], None]:
    """Return a case in which a signal interrupts the main thread in ``wait``."""

    def run(setup: StopSetup) -> None:
        signalled(setup, setup.stream(), number, wait, SimpleQueue())

    return run


def signalled(
    setup: StopSetup, stream: AssetStream, number: int, wait: Waiting, waiting: Signal
) -> None:
    """Send the signal once something is put into ``waiting``."""
    sent: list[float] = []
    answers: list[bool] = []

    def send() -> None:
        waiting.get(timeout=PATIENCE)
        sent.append(perf_counter())
        os.kill(os.getpid(), number)

    def stop(number: int, frame: object) -> None:
        answers.append(stream.stop())

    ctrl_c = number == signal.SIGINT
    former = signal.signal(number, signal.default_int_handler if ctrl_c else stop)
    sender = threading.Thread(target=send)
    sender.start()
    try:
        wait(stream, waiting)
        setup.wait_until_stopped(stream, sent[0])
    finally:
        sender.join()
        signal.signal(number, former)
    assert answers == ([] if ctrl_c else [True])


def run_forever(stream: AssetStream, waiting: Signal) -> None:
    @stream.on_state
    def ready(change: StateChange) -> None:
        if change.current is State.LIVE:
            waiting.put(None)

    stream.run_forever()


def iterate(stream: AssetStream, waiting: Signal) -> None:
    try:
        with stream:
            for _ in stream:
                waiting.put(None)
    except KeyboardInterrupt:
        pass


def in_start(number: int, raises: type[BaseException]) -> Callable[[StopSetup], None]:
    """Return a case in which a signal interrupts a ``start()`` that is stuck."""

    def run(setup: StopSetup) -> None:
        waiting: Signal = SimpleQueue()

        def tarpit(peer: Peer) -> None:
            if peer.read_request():
                waiting.put(None)
                peer.read_all()

        def start(stream: AssetStream, waiting: Signal) -> None:
            with pytest.raises(raises):
                stream.start()

        exchange = setup.adapter(ws_url=setup.serve(tarpit).url)
        signalled(setup, setup.stream(exchange), number, start, waiting)

    return run


def waited_for(setup: StopSetup) -> None:
    """Stopping ends the iteration of another thread."""
    stream = setup.live()
    entered = threading.Event()

    def wait() -> None:
        for _ in stream:
            entered.set()

    thread = threading.Thread(target=wait)
    thread.start()
    assert entered.wait(PATIENCE)
    setup.stop(stream)
    thread.join(PATIENCE)
    assert not thread.is_alive()


CALLERS: dict[str, Case] = {
    "from the main thread": main_thread,
    "from another thread": another_thread,
    "from eight threads at once": many_threads,
    "twice": twice,
    "before start": before_start,
    "from on_asset": in_callback(AssetUpdate),
    "from on_error": in_callback(AssetStreamError),
    "from on_state": in_callback(StateChange),
    "while it is waited for": waited_for,
}
if hasattr(signal, "SIGUSR1"):
    CALLERS |= {
        "by a signal's handler": on_signal(signal.SIGUSR1, run_forever),
        "by a signal's handler, in `for`": on_signal(signal.SIGUSR1, iterate),
        "by a signal's handler, in start()": in_start(signal.SIGUSR1, StreamStateError),
        "Ctrl-C in start()": in_start(signal.SIGINT, KeyboardInterrupt),
        "Ctrl-C in run_forever": on_signal(signal.SIGINT, run_forever),
        "Ctrl-C in `for`": on_signal(signal.SIGINT, iterate),
    }
