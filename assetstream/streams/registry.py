"""Streams of one process that use the same key at the same place.

In a notebook a cell is run again and again: starting a stream or a group there replaces
the older one for the same key and host. In a script two are allowed, with a warning,
for exchanges may close the older connection. What is left running is stopped when
Python exits.
"""

from __future__ import annotations

import atexit
import logging
import sys
from contextlib import suppress
from typing import Iterable, Protocol

from assetstream.model.errors import StreamStateError
from assetstream.runtime.stream_run import StreamRun

__all__ = ["Runner", "announce", "forget", "release"]

logger = logging.getLogger("assetstream")

REPLACED = "replaced by a newer one with the same key"


class Runner(Protocol):
    """Whatever a user starts and stops: a stream or a group."""

    def stop(self, timeout: float | None = ..., /) -> bool:
        """End it."""
        ...


# Strong references: a stream runs on though nobody else refers to it. Every use of the
# dictionaries is one atomic step, so no lock can be held where a signal handler comes
# in.
_running: dict[int, Runner] = {}
#: (fingerprint of a key, host) -> the stream that used it last, and its runner.
_users: dict[tuple[str, str], tuple[StreamRun, Runner]] = {}


def announce(runner: Runner, runs: Iterable[StreamRun]) -> None:
    """Register streams that ``runner`` starts, and settle with their competitors."""
    for stream in runs:
        place = _place(stream)
        older, its_runner = _users.get(place, (None, None))
        if older is not None and older is not stream and not older.gone:
            _compete(stream, runner, its_runner)
        _users[place] = stream, runner
    _running[id(runner)] = runner


def forget(runner: Runner) -> None:
    """Strike a runner that has ended from the register."""
    _running.pop(id(runner), None)
    for place, (stream, user) in list(_users.items()):
        if user is runner or stream.gone:
            _users.pop(place, None)


def release(stream: StreamRun) -> None:
    """Strike a stream from the register whose group goes on without it."""
    place = _place(stream)
    user, _ = _users.get(place, (None, None))
    if user is stream:
        _users.pop(place, None)


def _place(stream: StreamRun) -> tuple[str, str]:
    return stream.exchange.fingerprint, stream.exchange.ws_url


def _compete(stream: StreamRun, runner: Runner, other: Runner | None) -> None:
    if other is not None and other is not runner and _in_ipython():
        # A cell that is run again is as it should be. A lone stream that ends a group,
        # and with it other accounts, or the other way round, was hardly meant.
        level = logging.INFO if type(other) is type(runner) else logging.WARNING
        kind = type(other).__name__
        logger.log(
            level, "%s: it replaces an older %s of its key", stream.account, kind
        )
        for each, its_runner in list(_users.values()):
            if its_runner is other:
                each.request_stop(REPLACED)
        other.stop()
    else:
        logger.warning(
            "%s: another stream with the same key is running; the exchange may close "
            "one of the two connections",
            stream.account,
        )


def _in_ipython() -> bool:
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


@atexit.register
def _stop_all() -> None:
    for runner in list(_running.values()):
        with suppress(StreamStateError):  # a parent's, in a forked child
            runner.stop(1.0)
