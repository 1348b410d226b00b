"""Lines for the logger ``assetstream``, which no logging handler can do harm by (D4).

A logging handler is the user's code: it may raise, or take its time. So a reader's
thread never logs: a ``Record`` is an item of the callbacks' mailbox. What the libraries
below log in our threads is guarded as well.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from contextlib import suppress
from typing import Callable, NamedTuple

from assetstream.runtime.loop.permit import Permit
from assetstream.runtime.loop.waits import Deadline, join_interruptibly

__all__ = ["Record", "guard_this_thread", "log", "log_aside"]

logger = logging.getLogger("assetstream")

#: Nobody has been warned yet that nothing is logged.
_unwarned = Permit()
DISABLED = (
    'assetstream: the logger "assetstream" is disabled, so errors that no on_error '
    "handles are lost. logging.config disables the loggers that it does not name: pass "
    "disable_existing_loggers=False"
)

#: Loggers of the libraries that run in our threads.
LIBRARIES = (
    "websocket",
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.poolmanager",
    "urllib3.response",
    "urllib3.util.retry",
)

#: Seconds that ``log_aside`` waits for a slow logging handler.
PATIENCE = 1.0


class Record(NamedTuple):
    """One line for the log, to be written by another thread.

    Attributes:
        level: as in ``logging``.
        text: with a place for each argument.
        args: of the text.
        error: its traceback is written as well.
    """

    level: int
    text: str
    args: tuple[object, ...] = ()
    error: BaseException | None = None

    def write(self) -> None:
        """Write it; as ``log``."""
        log(self.level, self.text, *self.args, error=self.error)


def log(
    level: int, text: str, *args: object, error: BaseException | None = None
) -> None:
    """Log a line, whatever the logging handlers raise.

    Args:
        level: as in ``logging``.
        text: with a place for each argument.
        args: of the text.
        error: its traceback is logged as well.
    """
    if logger.disabled and level >= logging.WARNING:
        _warn_of_silence()
    try:
        logger.log(level, text, *args, exc_info=error, stacklevel=2)
    except Exception:
        _show_exception()


def guard_this_thread(*, reader: bool = False) -> None:
    """Let no line of a library harm the calling thread from now on.

    Args:
        reader: it logs nothing but what somebody who looks for a fault has asked for.
    """
    _here.guarded, _here.reader = True, reader


class Here(threading.local):
    """Facts about the present thread."""

    guarded = False
    reader = False
    #: A line of a library is being logged.
    logging = False


_here = Here()


class LibraryFilter(logging.Filter):
    """Logs a library's line itself, guarded, if it comes out of one of our threads.

    What it calls an error there is logged by us, with cause and remedy, or mended.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True for a line that is to be logged as usual."""
        if not _here.guarded or _here.logging:
            return True
        if record.levelno < (logging.INFO if _here.reader else logging.ERROR):
            _here.logging = True
            try:
                logging.getLogger(record.name).handle(record)
            except BaseException:  # there is nothing that SystemExit could end here
                _show_exception()
            finally:
                _here.logging = False
        return False


for _name in LIBRARIES:
    logging.getLogger(_name).addFilter(LibraryFilter())


def _show_exception() -> None:
    # As ``logging`` itself does with what goes wrong inside a handler.
    if logging.raiseExceptions:
        with suppress(Exception):
            traceback.print_exc()


def _warn_of_silence() -> None:
    """Say on stderr, once in a process, that nothing is logged any more."""
    if _unwarned.take():
        with suppress(Exception):  # there may be no stderr
            print(DISABLED, file=sys.stderr, flush=True)


def log_aside(write: Callable[[], None]) -> None:
    """Have lines logged by a thread that is waited for a moment only.

    A callback that hangs in a logging handler holds that handler's lock: whoever logs
    that it hangs would hang as well.

    Args:
        write: logs them.
    """
    thread = threading.Thread(target=write, name="assetstream-log", daemon=True)
    with suppress(RuntimeError):  # no thread is to be had
        thread.start()
        join_interruptibly(thread, Deadline(PATIENCE))
