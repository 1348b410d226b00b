"""SIGTERM ends what runs, and then the process."""

from __future__ import annotations

import io
import logging
import os
import signal
import sys
import threading
from typing import Callable, Iterator

import pytest

from assetstream.runtime.loop import sigterm as module
from assetstream.runtime.loop.sigterm import stopped_by_sigterm

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM")


class Ending:
    """Notes what would end the process, and keeps it alive."""

    def __init__(self) -> None:
        self.happened: list[object] = []

    def stop(self, timeout: float) -> None:
        """Note a stop."""
        self.happened.append(timeout)

    def log_aside(self, write: Callable[[], None]) -> None:
        """Note a flush."""
        self.happened.append(write.__name__)

    def raise_signal(self, number: int) -> None:
        """Note a signal, and how it would be handled."""
        self.happened += [number, signal.getsignal(number)]


@pytest.fixture
def ending(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ending]:
    """Return what notes the end; signals are handled afterwards as before."""
    ending = Ending()
    monkeypatch.setattr(module, "log_aside", ending.log_aside)
    monkeypatch.setattr(signal, "raise_signal", ending.raise_signal)
    kept = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield ending
    signal.signal(signal.SIGTERM, kept)


def terminate() -> None:
    """Send the signal to this process."""
    os.kill(os.getpid(), signal.SIGTERM)


def test_it_stops_flushes_and_lets_the_signal_have_its_effect(ending: Ending) -> None:
    """Where the kernel ignores it, as in a container, the process ends all the same."""
    with pytest.raises(SystemExit) as ended, stopped_by_sigterm(ending.stop):
        terminate()
    assert ended.value.code == 143
    assert ending.happened == [
        *(0.0, 5.0, "flush_output"),
        *(signal.SIGTERM, signal.SIG_DFL),
    ]


def test_what_is_to_be_done_before_the_end_is_done(ending: Ending) -> None:
    """When all has stopped, and while the output can still be written to."""

    def close() -> None:
        ending.happened.append("closed")

    module.before_end.add(close)
    with pytest.raises(SystemExit), stopped_by_sigterm(ending.stop):
        terminate()
    module.before_end.remove(close)
    assert ending.happened[:4] == [0.0, 5.0, "closed", "flush_output"]


def test_a_second_one_is_not_handled(ending: Ending) -> None:
    """After the first it has its usual effect at once."""
    handlers: list[object] = []

    def run() -> None:
        handlers.append(signal.getsignal(signal.SIGTERM))
        terminate()
        handlers.append(signal.getsignal(signal.SIGTERM))

    with pytest.raises(SystemExit), stopped_by_sigterm(ending.stop):
        run()
    assert handlers[0] is not signal.SIG_DFL
    assert handlers[1] is signal.SIG_DFL


def test_without_the_signal_all_is_as_before(ending: Ending) -> None:
    """What is raised in the block is raised; nobody handles the signal behind it."""
    with pytest.raises(KeyError), stopped_by_sigterm(ending.stop):
        raise KeyError
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert ending.happened == []


def test_a_handler_of_the_user_stays(ending: Ending) -> None:
    """It is called in place of ours, in the block and behind it."""
    handler = signal.default_int_handler
    signal.signal(signal.SIGTERM, handler)
    with pytest.raises(KeyboardInterrupt), stopped_by_sigterm(ending.stop):
        terminate()
    assert signal.getsignal(signal.SIGTERM) is handler
    assert ending.happened == []


def test_a_handler_that_is_set_in_the_block_stays(ending: Ending) -> None:
    """Another signal's handler may set one."""
    with stopped_by_sigterm(ending.stop):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


def test_another_thread_leaves_signals_alone(ending: Ending) -> None:
    """Python lets only the main thread handle them."""
    handlers: list[object] = []

    def run() -> None:
        with stopped_by_sigterm(ending.stop):
            handlers.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert handlers == [signal.SIG_DFL]


def test_where_none_may_be_handled_nothing_is(
    ending: Ending, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A subinterpreter's main thread may not, either."""

    def refuse(number: int, handler: object) -> None:
        raise ValueError("signal only works in main thread of the main interpreter")

    with monkeypatch.context() as patched:
        patched.setattr(signal, "signal", refuse)
        with stopped_by_sigterm(ending.stop):
            ending.happened.append("in the block")
    assert ending.happened == ["in the block"]


def test_everything_is_flushed_that_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that is closed, or missing, does not keep the others from it."""
    flushed: list[str] = []
    closed, there = io.StringIO(), io.StringIO()
    closed.close()
    monkeypatch.setattr(there, "flush", lambda: flushed.append("stderr"))
    monkeypatch.setattr(logging, "shutdown", lambda: flushed.append("log"))
    monkeypatch.setattr(sys, "stderr", there)
    for stdout in (closed, None):
        monkeypatch.setattr(sys, "stdout", stdout)
        module.flush_output()
    assert flushed == ["stderr", "log"] * 2
