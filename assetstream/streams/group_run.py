"""A group of streams from ``start()`` to ``stop()``: its threads, its progress."""

from __future__ import annotations

import logging
import threading
from functools import partial
from queue import Empty
from typing import Callable

from assetstream.model.errors import StreamStateError, StreamTimeout
from assetstream.model.events import StateChange
from assetstream.model.health import Progress
from assetstream.model.states import State
from assetstream.runtime.latest import LatestValueDispatcher
from assetstream.runtime.lifecycle import Lifecycle
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.log import log, log_aside
from assetstream.runtime.loop.waits import Deadline, get_interruptibly
from assetstream.runtime.stream_run import StreamRun
from assetstream.runtime.threads import ThreadSet
from assetstream.streams import registry
from assetstream.streams.group_progress import GroupProgress

__all__ = ["GroupRun"]


class GroupRun:
    """The one run of a group: its threads, and the streams that run on them.

    Every method may be called from any thread, and from a signal handler.

    Args:
        runner: the group, as it stands in the register of what runs.
        workers: callback threads.
        fleet: finds the accounts, and is LIVE once it knows them; None: the user adds
            them all.

    Attributes:
        progress: counts the accounts.
        on_progress: calls the handlers of progress.
    """

    def __init__(
        self, runner: registry.Runner, workers: int, fleet: StreamRun | None = None
    ) -> None:
        self._runner = runner
        self._fleet = fleet
        # The accounts were found, or never will be.
        self._found = fleet is None
        self.progress = GroupProgress()
        self.on_progress: LatestValueDispatcher[Progress] = LatestValueDispatcher(
            self.progress.progress, self._interrupted
        )
        self._threads = ThreadSet(
            "group", workers, self.on_progress.close, sockets=fleet is None
        )
        self._threads.shared.callbacks.serve(self.on_progress)
        self.lifecycle = Lifecycle(type(runner).__name__, _refusal, self._in_own_thread)
        # A SystemExit or KeyboardInterrupt that came out of a handler.
        self._interrupt: BaseException | None = None

    @property
    def over(self) -> bool:
        """True if it was stopped, and every account has come to its end."""
        return self.lifecycle.stop_requested and self._threads.released.happened

    @property
    def threads(self) -> int:
        """The number of threads."""
        return sum(thread.is_alive() for thread in self._threads.threads)

    def audit_time(self) -> float:
        """Return the seconds that the exchanges' limits take to compare them all."""
        return self._threads.shared.audit_time()

    # Streams that come and go.

    def add(self, run: StreamRun) -> None:
        """Take in a stream that was adopted; begin it if the group runs."""
        self.progress.add(run)
        if not self.lifecycle.new:
            self._begin([run])
        # A stop that came in between may not have seen it.
        if self.lifecycle.stop_requested:
            run.request_stop()
        self.on_progress.changed()

    def remove(self, run: StreamRun) -> None:
        """Forget a stream."""
        self.progress.remove(run)
        registry.release(run)
        self.on_progress.changed()

    # The beginning.

    def join_or_begin(self) -> None:
        """Begin if nobody has done it.

        Raises:
            StreamStateError: it was stopped, or has no streams.
        """
        self.lifecycle.join_or_begin(self.begin)

    def begin(self) -> None:
        """Begin every stream.

        Raises:
            StreamStateError: that was done, or it was stopped, or it has no streams.
        """
        self.lifecycle.refuse_in_child()
        if not self.progress.members and self._fleet is None:
            self.lifecycle.refuse_stopped()
            raise _refusal("it has no accounts", "Add some with add() first.")
        self.lifecycle.claim()
        try:
            with self.lifecycle.beginning():
                self._threads.start()
                if self._fleet is not None:
                    self._fleet.begin_in(self._threads, self._fleet_changed)
                # One that is added from now on is begun by ``add``, and one by both is
                # begun once.
                self._begin(self.progress.members)
        except BaseException:
            self.stop()
            raise

    def _begin(self, runs: list[StreamRun]) -> None:
        with self.lifecycle.beginning():
            registry.announce(self._runner, runs)
            for run in runs:
                self._begin_one(run)

    def _begin_one(self, run: StreamRun) -> None:
        try:
            run.begin_in(self._threads, partial(self._changed, run))
        except StreamStateError:
            pass  # begun by another thread, or stopped
        if run.state.final:
            self.progress.note(run, run.state)

    # Waits.

    def wait_settled(self, timeout: float | None) -> None:
        """Wait until every stream was LIVE or has failed; as ``StreamGroup.start``."""
        self.lifecycle.refuse_in_callback("waiting for the group to be LIVE")
        deadline = Deadline(timeout, self._threads.shared.connect_time())
        began = clock.now()
        try:
            self._wait(deadline, lambda: self._found and self.progress.settled)
        except BaseException:
            self.stop()
            raise
        if self.lifecycle.stop_requested:
            self.stop()
            raise self._interrupt or _refusal("it was stopped while it was waited for")
        members = len(self.progress.members)
        failure = self.failure()
        fleet = self._fleet
        if fleet is not None and (failure is not None or not self._found):
            self.stop()
            if failure is not None:
                raise failure.with_traceback(None)
            raise StreamTimeout(
                f"waited {clock.now() - began:.0f} s to be told which accounts there "
                "are"
            ) from fleet.error
        if members and not self.progress.lived:
            over = self.progress.over
            self.stop()
            if failure is not None:
                raise failure.with_traceback(None)
            if over:
                raise StreamStateError("every account of the group was stopped")
            raise StreamTimeout(
                f"waited {clock.now() - began:.0f} s for the group to be LIVE; not one "
                f"of its {members} accounts is"
            )
        progress = self.progress.progress()
        if progress.live < progress.total:
            log(
                logging.WARNING,
                "%d of %d accounts are LIVE; of the others, %d have failed and %d go "
                "on trying: health().errors tells why",
                progress.live,
                progress.total,
                progress.failed,
                progress.waiting,
            )

    def wait_over(self) -> None:
        """Wait until it is stopped, or every account has come to its end.

        Where accounts are found by themselves, more may come.
        """
        fleet = self._fleet
        if fleet is not None:
            self._wait(Deadline(None), lambda: fleet.state.final)
        else:
            self._wait(Deadline(None), lambda: self.progress.over)

    def _wait(self, deadline: Deadline, met: Callable[[], bool]) -> None:
        """Wait until ``met``, or ``stop``, or the deadline, whichever comes first."""
        changed = self.progress.watch()
        try:
            while not met() and not self.lifecycle.stop_requested:
                get_interruptibly(changed, deadline)
        except Empty:
            pass
        finally:
            self.progress.unwatch(changed)

    def failure(self) -> BaseException | None:
        """Return what a handler raised to end it; or why the first failed, at the end.

        One whose accounts were stopped did not fail, whatever else befell some of them.
        """
        if self._interrupt is not None:
            return self._interrupt
        fleet = self._fleet
        if fleet is not None and fleet.state is State.FAILED:
            return fleet.error
        runs = self.progress.members
        errors = [run.error for run in runs if run.state is State.FAILED]
        stopped = self.lifecycle.stop_requested
        if errors and (
            len(errors) == len(runs) or (self.progress.over and not stopped)
        ):
            return errors[0]
        return None

    # The end.

    def stop(self, timeout: float | None = 5.0) -> bool:
        """End every stream; as ``StreamGroup.stop``."""
        self.lifecycle.request_stop()
        runs = self.progress.members
        for run in runs:
            if run.request_stop() is None:  # it never began
                self.progress.note(run, run.state)
        if self._fleet is not None:
            self._fleet.request_stop()
            runs.append(self._fleet)
        self._threads.stop()
        self.progress.poke()
        ended = self.lifecycle.ends_with_caller or self._threads.join(Deadline(timeout))
        if ended:
            registry.forget(self._runner)
        elif timeout != 0:
            log_aside(partial(self._log_what_runs, runs))
        return ended

    def _log_what_runs(self, runs: list[StreamRun]) -> None:
        """Log what keeps the threads from ending."""
        engines = [run.engine for run in runs if run.engine is not None]
        going = [engine for engine in engines if not engine.ended.happened]
        if going:
            log(
                logging.ERROR,
                "the sessions of %d accounts did not end, that of %s among them",
                len(going),
                going[0].settings.account,
            )
        for engine in engines:
            engine.log_callback()
        if self.on_progress.calling:
            log(
                logging.ERROR,
                "stopped, but a callback still runs: %s",
                self.on_progress.where(),
            )

    def _changed(self, run: StreamRun, change: StateChange) -> None:
        """Count a stream that has gone to another state; in its reader thread."""
        self.progress.note(run, change.current)
        if change.current.final:
            registry.release(run)
        self.on_progress.changed()
        engine = run.engine
        if engine is not None and engine.interrupt is not None:
            self._interrupted(engine.interrupt)

    def _fleet_changed(self, change: StateChange) -> None:
        """Note that the accounts are known, or never will be; in its reader thread."""
        if change.current is State.LIVE or change.current.final:
            self._found = True
            self.progress.poke()
        engine = self._fleet.engine if self._fleet is not None else None
        if engine is not None and engine.interrupt is not None:
            self._interrupted(engine.interrupt)

    def _interrupted(self, exc: BaseException) -> None:
        """A handler raised SystemExit or KeyboardInterrupt: it ends the group."""
        self._interrupt = self._interrupt or exc
        self.stop(0)

    def _in_own_thread(self) -> bool:
        return threading.current_thread() in self._threads.threads


def _refusal(problem: str, remedy: str = "") -> StreamStateError:
    return StreamStateError(f"the group: {problem}", remedy=remedy)
