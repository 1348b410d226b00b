"""A group of streams from ``start()`` to the end: its threads, and who is LIVE."""

from __future__ import annotations

import logging
import os
import threading
from queue import Empty
from typing import TYPE_CHECKING, Mapping

from assetstream import siblings
from assetstream.census import Census, Progress
from assetstream.errors import AssetStreamError, StreamStateError, StreamTimeout
from assetstream.events import StateChange
from assetstream.runtime.fleet import Fleet
from assetstream.runtime.life import Life
from assetstream.runtime.telling import Teller
from assetstream.runtime.waiting import Deadline, Latch, patient_get
from assetstream.states import State
from assetstream.stream import AssetStream

if TYPE_CHECKING:
    from assetstream.group import StreamGroup

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
        self, group: StreamGroup, streams: Mapping[str, AssetStream], workers: int
    ) -> None:
        self._group = group
        self._streams = streams
        self._pid = os.getpid()
        self._census = Census()
        self._fleet = Fleet("assetstream-group", workers, self._changed)
        #: Tells of progress.
        self.teller: Teller[Progress] = Teller(
            self._fleet.callbacks.post, self._interrupted
        )
        # Taken by the one start that is allowed: one atomic step.
        self._permit = [True]
        self._started = False
        self._stopped = False
        # A SystemExit or KeyboardInterrupt that came out of a handler.
        self._interrupt: BaseException | None = None
        #: Set when it is stopped, or every account has come to its end.
        self.over = Latch()

    @property
    def owned_here(self) -> bool:
        """False in a process forked after the group was made."""
        return os.getpid() == self._pid

    @property
    def threads(self) -> int:
        """How many there are."""
        return sum(thread.is_alive() for thread in self._fleet.threads)

    @property
    def progress(self) -> Progress:
        """How far the accounts are."""
        return self._census.progress()

    def joined(self, stream: AssetStream) -> None:
        """A stream was taken in; begin it if the group runs."""
        self._census.note(stream.account, stream.state)
        if self._started:
            siblings.announce(self._group, [stream])
            self._begin(stream)

    def left(self, account: str) -> None:
        """A stream was removed."""
        self._census.forget(account)

    def join_or_begin(self) -> None:
        """Begin if nobody has done it."""
        if self._stopped or not self._started:
            self.begin()

    def begin(self) -> None:
        """Begin every stream.

        Raises:
            StreamStateError: that was done, or it was stopped, or it has no streams.
        """
        self._refuse_in_child()
        if not self._streams and not self._stopped:
            raise StreamStateError("the group has no accounts; add() some first")
        try:
            self._permit.pop()
        except IndexError:
            why = "was stopped; make a new one" if self._stopped else "runs already"
            raise StreamStateError(f"the group {why}") from None
        streams = list(self._streams.values())
        try:
            self._fleet.start()
            self._started = True
            siblings.announce(self._group, streams)
            for stream in streams:
                self._begin(stream)
        except BaseException:
            self.stop()
            raise

    def _begin(self, stream: AssetStream) -> None:
        home = self._fleet.home(stream.exchange)
        if home is None:
            return  # stopped meanwhile
        try:
            stream._launch.begin(home)
        except StreamStateError:
            # Its own stop() came first; it is STOPPED as it should be.
            self._fleet.gone(stream.exchange, home)
            self._census.note(stream.account, stream.state)

    def wait_settled(self, timeout: float | None) -> None:
        """Wait until every stream was LIVE or has failed; as ``StreamGroup.start``."""
        self.refuse_in_callback("waiting for the group to be LIVE")
        if timeout is not None:
            timeout += self._fleet.connect_time()
        deadline = Deadline(timeout)
        changed = self._census.watch()
        try:
            while not self._census.settled and not self._stopped:
                patient_get(changed, deadline)
        except Empty:
            pass
        except BaseException:
            self.stop()
            raise
        finally:
            self._census.unwatch(changed)
        if self._stopped:
            raise StreamStateError("the group was stopped while it was waited for")
        progress = self.progress
        if not progress.live:
            failure = self.failure()
            self.stop()
            raise failure or StreamTimeout(
                f"waited {timeout:g} s for the group to be LIVE; not one of its "
                f"{progress.total} accounts is"
            )
        if progress.live < progress.total:
            logger.warning(
                "%d of %d accounts are LIVE; of the others, %d have failed and %d go "
                "on trying: health().errors tells why",
                progress.live,
                progress.total,
                progress.failed,
                progress.waiting,
            )

    def failure(self) -> BaseException | None:
        """What a handler raised to end it; or why the first failed, if all have."""
        if self._interrupt is not None:
            return self._interrupt
        errors: list[AssetStreamError] = []
        for stream in list(self._streams.values()):
            if stream.state is not State.FAILED or stream.error is None:
                return None
            errors.append(stream.error)
        return errors[0] if errors else None

    def stop(self, timeout: float | None = 5.0) -> bool:
        """End every stream; as ``StreamGroup.stop``."""
        self._refuse_in_child()
        self._stopped = True
        self._permit.clear()
        streams = list(self._streams.values())
        for stream in streams:
            stream._launch.request_stop()
        self._fleet.stop()
        self.over.set()
        if self._in_own_thread():
            return True
        ended = self._fleet.join(Deadline(timeout))
        if ended:
            siblings.forget(self._group)
        elif timeout != 0:
            for stream in streams:  # which logs where its handler stands
                stream.stop(0.01)
        return ended

    def _changed(self, life: Life, change: StateChange) -> None:
        """A stream has gone to another state; in its reader's thread."""
        if change.account not in self._streams:
            return  # removed
        self._census.note(change.account, change.current)
        self.teller.tell(self.progress)
        if life.interrupt is not None:
            self._interrupted(life.interrupt)
        if self._census.over:
            self.over.set()

    def _interrupted(self, exc: BaseException) -> None:
        """A handler raised SystemExit or KeyboardInterrupt: it ends the group."""
        self._interrupt = self._interrupt or exc
        self.stop(0)

    def _in_own_thread(self) -> bool:
        return threading.current_thread() in self._fleet.threads

    def refuse_stopped(self) -> None:
        """Raise StreamStateError once it was stopped."""
        if self._stopped:
            raise StreamStateError("the group was stopped; make a new StreamGroup")

    def refuse_in_callback(self, what: str) -> None:
        """Raise StreamStateError in a thread that ``what`` would wait for."""
        if self._in_own_thread():
            raise StreamStateError(
                f"{what} inside a callback would wait for itself; do it in another "
                "thread"
            )

    def _refuse_in_child(self) -> None:
        if not self.owned_here:
            raise StreamStateError(
                "this group belongs to the process that made it; after a fork, make a "
                "new StreamGroup in the child"
            )
