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
from typing import Iterable, NamedTuple, Protocol

from assetstream.model.errors import StreamStateError
from assetstream.runtime.loop.log import log
from assetstream.runtime.stream_run import StreamRun

__all__ = ["Runner", "announce", "forget", "release"]

REPLACED = "replaced by a newer one with the same key"


class Runner(Protocol):
    """Whatever a user starts and stops: a stream or a group."""

    def stop(self, timeout: float | None = ..., /) -> bool:
        """End it."""
        ...


class Use(NamedTuple):
    """Somebody's use of a key.

    Attributes:
        place: the key's digest, and the host.
        runner: who started the stream.
    """

    place: tuple[str, str]
    runner: Runner


# Strong references: a stream runs on though nobody else refers to it. Every use of the
# dictionaries is one atomic step, so no lock can be held where a signal handler comes
# in; and each stream has an entry of its own, so that none takes another's (D5).
_running: dict[int, Runner] = {}
#: Those that run, in the order in which they started.
_uses: dict[StreamRun, Use] = {}


def announce(runner: Runner, runs: Iterable[StreamRun]) -> None:
    """Register streams that ``runner`` starts, and settle with their competitors."""
    _running[id(runner)] = runner
    mine = {}
    for stream in runs:
        place = stream.origin.place
        if place is not None:
            mine[stream] = _uses[stream] = Use(place, runner)
    places = {use.place for use in mine.values()}
    before: dict[tuple[str, str], list[tuple[StreamRun, Runner]]] = {}
    for stream, use in _uses.copy().items():
        if use.place not in places:
            continue
        older = before.setdefault(use.place, [])
        if stream in mine:
            # All of them, not only the last: that one may itself have been replaced
            # before it replaced those before it (D5).
            for other, its_runner in reversed(older):
                if not other.gone:
                    _compete(stream, runner, its_runner)
                    if not _in_ipython():
                        break
        older.append((stream, use.runner))


def forget(runner: Runner) -> None:
    """Strike a runner that has ended from the register, with its streams."""
    _running.pop(id(runner), None)
    for stream, use in _uses.copy().items():
        if use.runner is runner or stream.gone:
            release(stream)


def release(stream: StreamRun) -> None:
    """Strike a stream from the register that has ended, or left its group."""
    _uses.pop(stream, None)


def _compete(stream: StreamRun, runner: Runner, other: Runner) -> None:
    if other is not runner and _in_ipython():
        for each, use in _uses.copy().items():
            if use.runner is other:
                each.request_stop(REPLACED)
        other.stop()
        # A cell that is run again is as it should be. A lone stream that ends a group,
        # and with it other accounts, or the other way round, was hardly meant.
        level = logging.INFO if type(other) is type(runner) else logging.WARNING
        kind = type(other).__name__
        log(level, "%s: it replaces an older %s of its key", stream.account, kind)
    else:
        log(
            logging.WARNING,
            "%s: another stream with the same key is running; the exchange may close "
            "one of the two connections",
            stream.account,
        )


def _in_ipython() -> bool:
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


@atexit.register
def _stop_all() -> None:
    for runner in _running.copy().values():
        with suppress(StreamStateError):  # a parent's, in a forked child
            runner.stop(1.0)
