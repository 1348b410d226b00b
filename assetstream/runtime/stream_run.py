"""One stream from ``start()`` to ``stop()``, alone or in a group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from assetstream.model.errors import AssetStreamError, StreamStateError
from assetstream.model.events import StateChange
from assetstream.model.history import Recent
from assetstream.model.states import State
from assetstream.runtime.dispatcher import Handlers
from assetstream.runtime.lifecycle import Lifecycle
from assetstream.runtime.loop.waits import Deadline
from assetstream.runtime.settings import Settings
from assetstream.runtime.threads import ThreadSet

if TYPE_CHECKING:
    from assetstream.runtime.engine import StreamEngine
    from assetstream.runtime.origin import Origin

__all__ = ["StreamRun"]

#: Updates that are kept where the user does not say how many.
HISTORY = 1_000
#: The same of each account in a group, where there may be a thousand of them.
GROUP_HISTORY = 20
#: Seconds that the threads of a start that failed have to end.
END_TIME = 5.0

ALONE = object()
STARTED = "it was started already", "A StreamGroup takes NEW ones."


class StreamRun:
    """The one run of a stream: its engine, once started, and its threads if alone.

    Every method may be called from any thread, and from a signal handler.

    Args:
        origin: makes the session.
        settings: the user's.
        handlers: the user's.
        kind: the class that the user makes.
    """

    def __init__(
        self,
        origin: Origin,
        settings: Settings,
        handlers: Handlers,
        kind: str = "AssetStream",
    ) -> None:
        # Here, for it loads much that no import of the package should wait for; not at
        # the start: of a wrong library the user is told before any thread runs.
        from assetstream.runtime.engine import StreamEngine

        self._make_engine = StreamEngine
        self.origin = origin
        self.settings = settings
        self._handlers = handlers
        # Those of ``handlers.sinks`` that were made for the engine, each by one thread.
        self._fed: dict[object, object] = {}
        self._engine: StreamEngine | None = None
        # Its own threads; None in a group.
        self._threads: ThreadSet | None = None
        # Who begins it: ALONE, or whoever has adopted it; set once, in one step.
        self._beginner: dict[str, object] = {}
        self.lifecycle = Lifecycle(kind, self._refusal, self._in_own_thread)

    @property
    def account(self) -> str:
        """The label that every event carries."""
        return self.settings.account

    @property
    def engine(self) -> StreamEngine | None:
        """The engine, once started; StreamStateError in a forked child."""
        self.lifecycle.refuse_in_child()
        return self._engine

    def started(self) -> StreamEngine:
        """Return the engine; StreamStateError before the start."""
        engine = self.engine
        if engine is None:
            self.lifecycle.refuse_stopped()
            raise self._refusal("not started", "Call start() first, or use `with`.")
        return engine

    @property
    def handlers(self) -> Handlers:
        """The user's, to add to; StreamStateError in a forked child."""
        self.lifecycle.refuse_in_child()
        return self._handlers

    @property
    def state(self) -> State:
        """The state, judged by the clock as well; see ``State``."""
        engine = self.engine
        if engine is None:
            return State.STOPPED if self.lifecycle.stop_requested else State.NEW
        return engine.state

    @property
    def error(self) -> AssetStreamError | None:
        """The error that failed it; or the last one, None once that is mended."""
        engine = self.engine
        return engine.error if engine else None

    @property
    def gone(self) -> bool:
        """True if it does nothing any more, in this process at least."""
        return not self.lifecycle.owned_here or self.state.final

    def witness(
        self, witness: Callable[[StateChange | AssetStreamError], None]
    ) -> None:
        """Let ``witness`` see what users receive, from the start.

        Raises:
            StreamStateError: it was started or stopped before.
        """
        if self.engine is not None or self.lifecycle.stop_requested:
            raise self._refusal("observe it from the start: before start(), not after")
        self._handlers.witnesses.add(witness)

    def feed(self) -> None:
        """Make the sinks that ``handlers`` ask for, once the stream has begun."""
        engine = self.engine
        if engine is None:
            return
        for key, make in self._handlers.sinks.copy().items():
            me = object()
            if self._fed.setdefault(key, me) is me:
                engine.subscribe(make())

    def adopt(self) -> None:
        """Let only a group begin it from now on; StreamStateError if it is not NEW."""
        self.lifecycle.refuse_in_child()
        if not self.lifecycle.new:
            self.lifecycle.refuse_stopped()
            raise self._refusal(*STARTED)
        me = object()
        beginner = self._beginner.setdefault("is", me)
        if beginner is ALONE:
            raise self._refusal(*STARTED)
        if beginner is not me:
            raise self._refusal("it is in a group already")

    def begin(self) -> None:
        """Begin, on threads of its own.

        Raises:
            StreamStateError: it was started or stopped before, or belongs to a group.
            OSError, RuntimeError: no descriptor or no thread was to be had.
        """
        self.lifecycle.refuse_in_child()
        if self._beginner.setdefault("is", ALONE) is not ALONE:
            raise self._refusal("it is in a group", "Start that.")
        self.lifecycle.claim()
        self._threads = threads = ThreadSet(self.account)
        try:
            with self.lifecycle.beginning():
                threads.start()
                self._begin(threads, lambda change: None, HISTORY)
                threads.stop()  # there is no other stream to come
        except BaseException:
            self.request_stop()
            threads.stop()
            threads.join(Deadline(END_TIME))
            raise

    def begin_in(
        self, threads: ThreadSet, changed: Callable[[StateChange], None]
    ) -> None:
        """Begin on the threads of a group.

        Args:
            threads: the group's.
            changed: called in the reader thread with every change of state.

        Raises: as ``begin``.
        """
        self.lifecycle.claim()
        with self.lifecycle.beginning():
            self._begin(threads, changed, GROUP_HISTORY)

    def join_or_begin(self, begin: Callable[[], None]) -> StreamEngine:
        """Return the engine, begun by ``begin`` if nobody has done that."""
        engine = self.engine
        if engine is None:
            self.lifecycle.join_or_begin(begin)
            return self.started()
        if engine.state is State.STOPPED and not engine.interrupt:
            self.lifecycle.refuse_stopped()
        return engine

    def request_stop(self, reason: str = "") -> StreamEngine | None:
        """Have it end, or forbid its start, without waiting.

        Args:
            reason: of the change to STOPPED, if not "stopped".
        """
        self.lifecycle.request_stop()
        engine = self._engine
        if engine is not None:
            engine.stop(reason)
        return engine

    def stop(self, timeout: float | None) -> bool:
        """End it, or forbid its start; as ``AssetStream.stop``."""
        engine = self.request_stop()
        if engine is None or self.lifecycle.ends_with_caller:
            return True
        return self.join(Deadline(timeout))

    def join(self, deadline: Deadline) -> bool:
        """Wait until every thread has ended; False if one has not in time."""
        if not self.started().join(deadline):
            return False
        return self._threads is None or self._threads.join(deadline)

    def _begin(
        self,
        threads: ThreadSet,
        changed: Callable[[StateChange], None],
        history: int,
    ) -> None:
        try:
            reader_thread = threads.reader_thread()
            if reader_thread is None:
                raise self._refusal("its group was stopped")
            chosen = self.settings.history
            # Known before it begins: stop() reaches it from now on.
            self._engine = engine = self._make_engine(
                self.origin,
                self.settings,
                self._handlers,
                threads.shared,
                reader_thread,
                changed,
                Recent(history if chosen is None else chosen),
            )
            engine.begin()
            self.feed()
        except BaseException:
            self.lifecycle.request_stop()
            if self._engine is not None:
                self._engine.abort()
            raise
        if self.lifecycle.stop_requested:
            engine.stop()

    def _in_own_thread(self) -> bool:
        return self._engine is not None and self._engine.in_own_thread()

    def _refusal(self, problem: str, remedy: str = "") -> StreamStateError:
        return StreamStateError(
            problem,
            remedy=remedy,
            exchange=self.origin.name,
            account=self.account,
        )
