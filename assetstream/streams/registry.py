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
from assetstream.runtime.loop.log import log
from assetstream.runtime.stream_run import StreamRun

__all__ = ["Runner", "announce", "forget", "release"]

REPLACED = "replaced by a newer one with the same key"


class Runner(Protocol):
    """Whatever a user starts and stops: a stream or a group."""

    def stop(self, timeout: float | None = ..., /) -> bool:
        """End it."""
        ...


#: The digest of a key, and the host.
Place = tuple[str, str]

# Strong references: a stream runs on though nobody else refers to it. Every use of the
# dictionaries is one atomic step, so no lock can be held where a signal handler comes
# in; and each stream has an entry of its own, so that none takes another's (D5).
_running: dict[int, Runner] = {}
#: Those that run at each place, in the order in which they started, with whoever has
#: started them. A place whose last one has ended stays: one may be on its way there.
_uses: dict[Place, dict[StreamRun, Runner]] = {}


def announce(runner: Runner, runs: Iterable[StreamRun]) -> None:
    """Register streams that ``runner`` starts, and settle with their competitors."""
    _running[id(runner)] = runner
    mine: dict[Place, list[StreamRun]] = {}
    for stream in runs:
        place = stream.origin.place
        if place is not None:
            _uses.setdefault(place, {})[stream] = runner
            mine.setdefault(place, []).append(stream)
    for place, streams in mine.items():
        older: list[tuple[StreamRun, Runner]] = []
        for stream, its_runner in _uses[place].copy().items():
            if stream in streams:
                _settle(stream, runner, older)
            older.append((stream, its_runner))


def _settle(
    stream: StreamRun, runner: Runner, older: list[tuple[StreamRun, Runner]]
) -> None:
    """Let a stream compete with all that are older, and not only the last of them.

    That one may itself have been replaced before it replaced those before it (D5).
    """
    for other, its_runner in reversed(older):
        if not other.gone:
            _compete(stream, runner, its_runner)
            if not _in_ipython():
                return


def forget(runner: Runner) -> None:
    """Strike a runner that has ended from the register, with its streams."""
    _running.pop(id(runner), None)
    for here in _uses.copy().values():
        for stream, its_runner in here.copy().items():
            if its_runner is runner or stream.gone:
                here.pop(stream, None)


def release(stream: StreamRun) -> None:
    """Strike a stream from the register that has ended, or left its group."""
    place = stream.origin.place
    if place is not None:
        _uses.get(place, {}).pop(stream, None)


def _compete(stream: StreamRun, runner: Runner, other: Runner) -> None:
    if other is not runner and _in_ipython():
        for here in _uses.copy().values():
            for each, its_runner in here.copy().items():
                if its_runner is other:
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
