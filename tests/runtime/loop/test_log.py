"""Lines for the log, whatever the logging handlers do."""

from __future__ import annotations

import logging
import sys
import threading

import pytest

from assetstream.runtime.loop import log as module
from assetstream.runtime.loop.log import Record, guard_this_thread, log, log_aside
from assetstream.runtime.loop.permit import Permit
from tests.support.event_recorder import PATIENCE
from tests.support.logging_handlers import (
    HangingHandler,
    RaisingHandler,
    logging_to,
)


def test_d4_what_a_logging_handler_raises_goes_no_further(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is shown on stderr, as ``logging`` itself does, unless that is forbidden."""
    handler = RaisingHandler()
    with logging_to(handler):
        log(logging.ERROR, "%s of %d", "one", 2)
        assert capsys.readouterr().err == ""
        monkeypatch.setattr(logging, "raiseExceptions", True)
        log(logging.ERROR, "again")
    assert handler.texts == ["one of 2", "again"]
    assert "ConnectionError: no network" in capsys.readouterr().err


def test_a_record_is_written_by_whoever_takes_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With its level, its arguments and its traceback."""
    error = ValueError("why")
    Record(logging.WARNING, "%s happened", ("it",), error).write()
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == "it happened"
    assert record.exc_info is not None
    assert record.exc_info[1] is error


def test_d4_a_logging_handler_that_hangs_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The lines are written by another thread, and waited for only for a moment."""
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    handler, written = HangingHandler(), threading.Event()

    def write() -> None:
        log(logging.ERROR, "x")
        written.set()

    with logging_to(handler):
        log_aside(write)
        assert handler.entered.wait(PATIENCE)
        assert not written.is_set()
        handler.released.set()
        assert written.wait(PATIENCE)


def test_a_logger_that_was_disabled_says_so_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing dies in silence, though somebody's configuration silences it."""
    monkeypatch.setattr(module, "_unwarned", Permit())
    monkeypatch.setattr(logging.getLogger("assetstream"), "disabled", True)
    log(logging.DEBUG, "of no interest")
    assert capsys.readouterr().err == ""
    for _ in range(2):
        log(logging.WARNING, "lost")
    (line,) = capsys.readouterr().err.splitlines()
    assert "disable_existing_loggers=False" in line


def test_no_stderr_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program without a console has none."""
    monkeypatch.setattr(module, "_unwarned", Permit())
    monkeypatch.setattr(logging.getLogger("assetstream"), "disabled", True)
    monkeypatch.setattr(sys, "stderr", None)
    log(logging.WARNING, "lost")


@pytest.mark.parametrize("reader", [False, True], ids=["helper", "reader"])
@pytest.mark.parametrize("error", [ConnectionError, SystemExit])
def test_d4_a_library_s_line_harms_no_thread_of_ours(
    error: type[BaseException],
    reader: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is logged where it comes from, but for errors, which we log in our words.

    A reader logs only what is asked for.
    """
    handler, library = RaisingHandler(error), logging.getLogger("websocket")
    monkeypatch.setattr(library, "handlers", [handler])
    monkeypatch.setattr(library, "propagate", False)
    caplog.set_level(logging.DEBUG, "websocket")
    monkeypatch.setattr(logging, "raiseExceptions", False)
    done: list[str] = []

    def run() -> None:
        guard_this_thread(reader=reader)
        library.debug("asked for")
        library.info("connected")
        library.error("goodbye")
        done.append("all")

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(PATIENCE)
    assert done == ["all"]
    assert handler.texts == ["asked for"] + ([] if reader else ["connected"])
    with pytest.raises(error):
        library.error("in the user's thread")
