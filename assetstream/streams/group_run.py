"""A group of streams from ``start()`` to the end: its threads, and who is LIVE."""

from __future__ import annotations

import logging
import os
import threading
from queue import Empty
from typing import TYPE_CHECKING, Callable

from assetstream.model.errors import StreamStateError, StreamTimeout
from assetstream.model.events import StateChange
from assetstream.model.health import Progress
from assetstream.model.states import State
from assetstream.runtime.engine import Life
from assetstream.runtime.fleet import Fleet
from assetstream.runtime.latest import LatestValueDispatcher
from assetstream.runtime.loop.waits import Deadline, get_interruptibly
from assetstream.streams import running
from assetstream.streams.group_progress import Census
from assetstream.streams.stream import AssetStream

if TYPE_CHECKING:
    from assetstream.streams.group import StreamGroup

__all__ = ["GroupLife"]

logger = logging.getLogger("assetstream")


class GroupLife:
    """The one life of a group, in the process that made it.

    Args:
        group: whose life it is.
        streams: account -> stream, as the group has them at any moment.
        workers: callback threads.
    """

    def __init__(
        self, group: StreamGroup, streams: dict[str, AssetStream], workers: int
    ) -> None:
        self._group = group
        self._streams = streams
        self._pid = os.getpid()
        self._census = Census(streams)
        #: Tells of progress.
        self.teller: LatestValueDispatcher[Progress] = LatestValueDispatcher(
            self._census.progress, self._interrupted
        )
        self._fleet = Fleet(
            "assetstream-group", workers, self._changed, self.teller.close
        )
        self._fleet.callbacks.serve(self.teller)
        # Taken by the one start that is allowed: one atomic step.
        self._permit = [True]
        # Threads that are in the middle of beginning streams, by their identity.
        self._beginning: list[int] = []
        #: ``stop`` was called.
        self.stopped = False
        # A SystemExit or KeyboardInterrupt that came out of a handler.
        self._interrupt: BaseException | None = None

    @property
    def owned_here(self) -> bool:
        """False in a process forked after the group was made."""
        return os.getpid() == self._pid

    @property
    def new(self) -> bool:
        """It was neither started nor stopped."""
        return bool(self._permit)

    @property
    def over(self) -> bool:
        """It was stopped, and every account has come to its end."""
        return self.stopped and self._fleet.released.happened

    @property
    def threads(self) -> int:
        """How many there are."""
        return sum(thread.is_alive() for thread in self._fleet.threads)

    @property
    def progress(self) -> Progress:
        """How far the accounts are."""
        return self._census.progress()

    # Streams that come and go.

    def joined(self, stream: AssetStream) -> None:
        """A stream was taken in; begin it if the group runs."""
        if not self._permit:
            self._begin([stream])
        # A stop that came in between may not have seen it.
        if self.stopped:
            stream._launch.request_stop()
        self.teller.tell()

    def left(self, stream: AssetStream) -> None:
        """A stream was removed."""
        self._census.forget(stream)
        running.release(stream)
        self.teller.tell()

    # The beginning.

    def join_or_begin(self) -> None:
        """Begin if nobody has done it.

        Raises:
            StreamStateError: it was stopped, or has no streams.
        """
        if self._permit or self.stopped:
            try:
                self.begin()
            except StreamStateError:
                if self._permit or self.stopped:
                    raise  # else another thread has just done it

    def begin(self) -> None:
        """Begin every stream.

        Raises:
            StreamStateError: that was done, or it was stopped, or it has no streams.
        """
        self.refuse_in_child()
        if not self._streams and not self.stopped:
            raise StreamStateError(
                "the group has no accounts", remedy="Add some with add() first."
            )
        try:
            self._permit.pop()
        except IndexError:
            if self.stopped:
                raise _stopped() from None
            raise StreamStateError("the group runs already") from None
        try:
            self._fleet.start()
            # Looked at after the permit was taken: one that is added from now on is
            # begun by ``joined``, and one by both is begun once.
            self._begin(list(self._streams.copy().values()))
        except BaseException:
            self.stop()
            raise

    def _begin(self, streams: list[AssetStream]) -> None:
        me = threading.get_ident()
        self._beginning.append(me)
        try:
            running.announce(self._group, streams)
            for stream in streams:
                self._begin_one(stream)
        finally:
            self._beginning.remove(me)

    def _begin_one(self, stream: AssetStream) -> None:
        home = self._fleet.home()
        if home is None:  # stopped meanwhile
            stream._launch.request_stop()
        else:
            try:
                stream._launch.begin(home)
            except StreamStateError:
                pass  # begun by another thread, or stopped
        if stream.state.final:
            self._census.note(stream, stream.state)

    # Waits.

    def wait_settled(self, timeout: float | None) -> None:
        """Wait until every stream was LIVE or has failed; as ``StreamGroup.start``."""
        self.refuse_in_callback("waiting for the group to be LIVE")
        if timeout is not None:
            timeout += self._fleet.connect_time()
        try:
            self._wait(Deadline(timeout), lambda: self._census.settled)
        except BaseException:
            self.stop()
            raise
        if self.stopped:
            self.stop()
            raise self._interrupt or StreamStateError(
                "the group was stopped while it was waited for"
            )
        if self._streams and not self._census.lived:
            failure = self.failure()
            over = self._census.over
            self.stop()
            if failure is not None:
                raise failure.with_traceback(None)
            if over:
                raise StreamStateError("every account of the group was stopped")
            raise StreamTimeout(
                f"waited {timeout or 0:g} s for the group to be LIVE; not one of its "
                f"{len(self._streams)} accounts is"
            )
        progress = self.progress
        if progress.live < progress.total:
            logger.warning(
                "%d of %d accounts are LIVE; of the others, %d have failed and %d go "
                "on trying: health().errors tells why",
                progress.live,
                progress.total,
                progress.failed,
                progress.waiting,
            )

    def wait_over(self) -> None:
        """Wait until it is stopped, or every account has come to its end."""
        self._wait(Deadline(None), lambda: self._census.over)

    def _wait(self, deadline: Deadline, met: Callable[[], bool]) -> None:
        """Wait until ``met``, or ``stop``, or the deadline, whichever comes first."""
        changed = self._census.watch()
        try:
            while not met() and not self.stopped:
                get_interruptibly(changed, deadline)
        except Empty:
            pass
        finally:
            self._census.unwatch(changed)

    def failure(self) -> BaseException | None:
        """What a handler raised to end it; or why the first failed, if it is over.

        One whose accounts were stopped did not fail, whatever else befell some of them.
        """
        if self._interrupt is not None:
            return self._interrupt
        streams = list(self._streams.copy().values())
        errors = [s.error for s in streams if s.state is State.FAILED]
        if errors and (
            len(errors) == len(streams) or (self._census.over and not self.stopped)
        ):
            return errors[0]
        return None

    # The end.

    def stop(self, timeout: float | None = 5.0) -> bool:
        """End every stream; as ``StreamGroup.stop``."""
        self.refuse_in_child()
        self.stopped = True
        self._permit.clear()
        streams = list(self._streams.copy().values())
        for stream in streams:
            stream._launch.request_stop()
        self._fleet.stop()
        self._census.poke()
        ended = self._waits_for_me() or self._fleet.join(Deadline(timeout))
        if ended:
            running.forget(self._group)
        elif timeout != 0:
            self._tell_where(streams)
        return ended

    def _waits_for_me(self) -> bool:
        """The end cannot come before the caller has returned.

        It is in a callback, or is a signal handler that interrupted a start.
        """
        return self._in_own_thread() or threading.get_ident() in self._beginning

    def _tell_where(self, streams: list[AssetStream]) -> None:
        """Log what keeps the threads from ending."""
        lives = [s._launch.life for s in streams if s._launch.life is not None]
        going = [life for life in lives if not life.ended.happened]
        if going:
            logger.error(
                "the sessions of %d accounts did not end, that of %s among them",
                len(going),
                going[0].settings.account,
            )
        for life in lives:
            life.tell_where()
        if self.teller.calling:
            logger.error("stopped, but a callback still runs: %s", self.teller.where())

    def _changed(self, life: Life, change: StateChange) -> None:
        """A stream has gone to another state; in its reader's thread."""
        stream = self._streams.get(change.account)
        # Not one that was removed, whose label may be another's by now.
        if stream is not None and stream._launch.life is life:
            self._census.note(stream, change.current)
            self.teller.tell()
        if life.interrupt is not None:
            self._interrupted(life.interrupt)

    def _interrupted(self, exc: BaseException) -> None:
        """A handler raised SystemExit or KeyboardInterrupt: it ends the group."""
        self._interrupt = self._interrupt or exc
        self.stop(0)

    def _in_own_thread(self) -> bool:
        return threading.current_thread() in self._fleet.threads

    def refuse_stopped(self) -> None:
        """Raise StreamStateError once it was stopped."""
        if self.stopped:
            raise _stopped()

    def refuse_in_callback(self, what: str) -> None:
        """Raise StreamStateError in a thread that ``what`` would wait for."""
        if self._in_own_thread():
            raise StreamStateError(
                f"{what} inside a callback would wait for itself",
                remedy="Do it in another thread.",
            )

    def refuse_in_child(self) -> None:
        """Raise StreamStateError in a forked child, where the threads do not run."""
        if not self.owned_here:
            raise StreamStateError(
                "this group belongs to the process that made it",
                remedy="After a fork, make a new StreamGroup in the child.",
            )


def _stopped() -> StreamStateError:
    return StreamStateError("the group was stopped", remedy="Make a new StreamGroup.")
