"""Runs the accounts and brings their events to the view, in the main thread."""

from __future__ import annotations

import math
import signal
import sys
import threading
import time
from contextlib import nullcontext, suppress
from pathlib import Path
from queue import Empty, Full, Queue
from types import FrameType
from typing import TYPE_CHECKING, Any, ContextManager, Protocol, Sequence, Union

from assetstream.archive.archive import Archive
from assetstream.cli.view.keyboard import Key, Keyboard
from assetstream.cli.view.output import discard_output
from assetstream.model.errors import AssetStreamError
from assetstream.model.events import Event, StateChange
from assetstream.model.health import Progress
from assetstream.streams.group import Group, StreamGroup
from assetstream.streams.stream import AssetStream, Stream

if TYPE_CHECKING:
    from assetstream.sharing.remote_group import RemoteGroup

__all__ = ["View", "ViewEvent", "WatchRun"]

#: What a view is given.
ViewEvent = Union[Event, Progress, Key]

#: Seconds between two repaints: 4 a second are enough for eyes.
REPAINT = 0.25
#: Events that may wait to be shown. Past them the handlers wait, and the streams fold
#: updates as they do for any slow handler; memory does not grow behind a stuck pipe.
BACKLOG = 1000


class View(Protocol):
    """Shows events. All methods are called in the main thread."""

    def __enter__(self) -> object: ...

    def __exit__(self, *exc: object) -> None: ...

    def show(self, event: ViewEvent) -> None:
        """Take in one event, how far the accounts of a group are, or a key."""

    def paint(self) -> None:
        """Bring the display up to date; called every ``REPAINT`` seconds."""


class WatchRun:
    """Watches streams until Ctrl-C, the end of the time, or the end of all of them.

    One runs by itself, more of them in a group.

    Args:
        streams: not yet started; or a group that finds its accounts itself.
        view: where to show their events.
        duration: seconds, or None to go on.
        errors: of accounts that are not among them, shown first.
        keyboard: its keys are shown to the view, too.
        archive: a file to record them in.

    Attributes:
        source: the one stream, or the group of all.
        refusal: the error that has ended a group that finds its accounts itself.
    """

    def __init__(
        self,
        streams: Sequence[AssetStream] | RemoteGroup,
        view: View,
        duration: float | None,
        errors: Sequence[AssetStreamError] = (),
        keyboard: Keyboard | None = None,
        archive: Path | None = None,
    ) -> None:
        self._events: Queue[ViewEvent] = Queue(BACKLOG)
        self.source: Stream | Group[Any]
        self.refusal: AssetStreamError | None = None
        # Those that have not ended; None: nobody knows how many come.
        self._running: int | None = None
        if isinstance(streams, Group):
            self.source = streams
            streams.on_progress(self._events.put)
        else:
            self._running = len(streams)
            self.source = streams[0]
            if len(streams) > 1:
                self.source = StreamGroup(streams, on_progress=self._events.put)
        self._archive: Archive | None = None
        if archive is not None:
            self._archive = Archive(archive, on_error=self._report)
        self._view = view
        self._errors = errors
        self._keyboard = keyboard
        self._duration = duration
        self._stop_asked = self._suspend_asked = False
        # stop() waits for handlers, and they may wait for us to take what they bring:
        # hence a thread of its own, and a daemon, for a second Ctrl-C to end.
        self._stopper = threading.Thread(
            target=self._stop, name="assetstream-cli-stop", daemon=True
        )
        self.source.on_asset(self._events.put)
        self.source.on_error(self._events.put)
        self.source.on_state(self._events.put)

    def run(self) -> None:
        """Start the accounts, show their events, and stop them.

        Raises:
            ConfigurationError: the archive cannot be written.
            OSError: the output cannot be written, for another reason than that its
                reader went away.
        """
        if self._archive is None:
            self._run()
            return
        with self._archive.record(self.source):
            self._run()

    @property
    def unrecorded(self) -> AssetStreamError | None:
        """The archive's error, if it has not all that it should; None if it has."""
        health = self._archive.health() if self._archive is not None else None
        return health.error if health is not None else None

    def _run(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            # Ignored ones stay so: a shell's background job is not meant by Ctrl-C.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._interrupted)
        if self._keyboard is not None and sys.platform != "win32":
            signal.signal(signal.SIGTSTP, self._suspended)
        until = math.inf
        if self._duration is not None:
            until = time.monotonic() + self._duration
        self.source.start(wait=False)
        try:
            while not self._over:
                with self._view, self._keys():
                    for error in self._errors:
                        self._view.show(error)
                    self._errors = ()
                    self._serve(self._view, until)
                if self._suspend_asked:
                    self._suspend()
        except OSError as exc:
            discard_output()
            self._serve(None, -math.inf)
            if not isinstance(exc, BrokenPipeError):  # ``| head`` has seen enough
                raise
        self._begin_to_stop()
        self._stopper.join()

    def _serve(self, view: View | None, until: float) -> None:
        """Take events until the last one of each stream."""
        paint_at = time.monotonic()
        while not self._over and not self._suspend_asked:
            now = time.monotonic()
            if now >= until or self._stop_asked:
                self._begin_to_stop()
            if view is not None and now >= paint_at:
                view.paint()
                paint_at = now + REPAINT
            event = self._next(min(REPAINT, max(0.0, until - now)))
            self._count(event)
            # While all are stopped, nobody asks how many had connected.
            passed = isinstance(event, Progress) and self._stopper.ident is not None
            if view is not None and event is not None and not passed:
                view.show(event)
            if isinstance(event, Key) and self._events.empty():
                paint_at = now

    @property
    def _over(self) -> bool:
        """True if nothing is to come."""
        if self._running is not None:
            return not self._running
        stopped = self._stopper.ident is not None and not self._stopper.is_alive()
        return stopped and self._events.empty()

    def _count(self, event: ViewEvent | None) -> None:
        """Note what has ended."""
        if self._running is not None:
            if isinstance(event, StateChange) and event.current.final:
                self._running -= 1
        elif isinstance(event, AssetStreamError) and event.fatal:
            # The engine refuses us; of accounts no error is fatal here.
            self.refusal = event
            self._begin_to_stop()

    def _next(self, timeout: float) -> ViewEvent | None:
        # Once it stops, ``until`` has passed: what is still to come is waited for.
        try:
            return self._events.get(timeout=timeout or REPAINT)
        except Empty:
            return None

    def _keys(self) -> ContextManager[None]:
        return self._keyboard.reading(self._press) if self._keyboard else nullcontext()

    def _report(self, error: AssetStreamError) -> None:
        # The archive's thread must not wait: then its end would.
        with suppress(Full):
            self._events.put_nowait(error)

    def _press(self, key: Key) -> None:
        # Whoever presses it sees that it did nothing; the reader of keys must not wait.
        with suppress(Full):
            self._events.put_nowait(key)

    def _begin_to_stop(self) -> None:
        if self._stopper.ident is None:
            self._stopper.start()

    def _stop(self) -> None:
        self.source.stop()

    def _interrupted(self, number: int, frame: FrameType | None) -> None:
        self._stop_asked = True
        # A second one ends it at once, even where a stuck pipe holds the main thread.
        signal.signal(number, signal.default_int_handler)

    def _suspended(self, number: int, frame: FrameType | None) -> None:
        self._suspend_asked = True

    def _suspend(self) -> None:
        """Stand still, as Ctrl-Z asks, with the terminal given back, until ``fg``."""
        self._suspend_asked = False
        if sys.platform != "win32":
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)
            signal.raise_signal(signal.SIGTSTP)
            signal.signal(signal.SIGTSTP, self._suspended)
