"""One life: started once, stopped for good, never forked."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import Callable, Iterator

from assetstream.model.errors import StreamStateError
from assetstream.runtime.loop.permit import Permit
from assetstream.runtime.loop.waits import Deadline, OneShotEvent

__all__ = ["Lifecycle"]

#: The longest that a caller waits for another thread that is just beginning, seconds.
BEGIN_TIME = 5.0


class Lifecycle:
    """One start, and one stop for good, in the process that made it.

    Every method may be called from any thread, and from a signal handler.

    Args:
        kind: the class that a user makes: ``AssetStream``, ``StreamGroup``.
        refusal: makes the error of a problem and its remedy.
        in_own_thread: whether the calling thread is one that ends with this life.

    Attributes:
        stop_requested: ``request_stop`` was called, whether or not this was started.
    """

    def __init__(
        self,
        kind: str,
        refusal: Callable[[str, str], StreamStateError],
        in_own_thread: Callable[[], bool],
    ) -> None:
        self.kind = kind
        self.refusal = refusal
        self._in_own_thread = in_own_thread
        self._pid = os.getpid()
        # Held by the one start that is allowed, or by the stop that came before.
        self._permit = Permit()
        # Threads in the middle of a start, by their identity.
        self._beginning: list[int] = []
        # Set when a start is over, well or not.
        self._begun = OneShotEvent()
        # A table has begun it, and no ``start`` has joined it.
        self._shown = False
        self.stop_requested = False

    @property
    def owned_here(self) -> bool:
        """False in a process forked after this was made."""
        return os.getpid() == self._pid

    @property
    def new(self) -> bool:
        """Neither started nor stopped."""
        return self._permit.free

    def refuse_in_child(self) -> None:
        """Raise StreamStateError in a forked child, where the threads do not run."""
        if not self.owned_here:
            raise self.refusal(
                f"this {self.kind} belongs to the process that made it",
                f"After a fork, make a new {self.kind} in the child.",
            )

    def refuse_in_callback(self, what: str) -> None:
        """Raise StreamStateError in a thread that ``what`` would wait for."""
        if self._in_own_thread():
            raise self.refusal(
                f"{what} inside a callback would wait for itself",
                "Do it in another thread, or act on the event in hand.",
            )

    def refuse_stopped(self) -> None:
        """Raise StreamStateError after ``request_stop``."""
        if self.stop_requested:
            raise self.refusal(
                "it was stopped", f"Make a new {self.kind}: each has one life."
            )

    def claim(self) -> None:
        """Take the one start that there is; the caller goes on with ``beginning``.

        Raises:
            StreamStateError: this was started or stopped before, or is another
                process's.
        """
        self.refuse_in_child()
        if not self._permit.take():
            self.refuse_stopped()
            raise self.refusal(
                "start() was already called",
                "Leave it out: `with`, iteration and run_forever() join what runs.",
            )

    @contextmanager
    def beginning(self) -> Iterator[None]:
        """Mark the calling thread as being in the middle of a start."""
        me = threading.get_ident()
        try:
            self._beginning.append(me)
            yield
        finally:
            # Ctrl-C may have come before it was there, or right behind.
            if me in self._beginning:
                self._beginning.remove(me)
            self._begun.set()

    def join_or_begin(self, begin: Callable[[], None]) -> None:
        """Call ``begin``, which claims the start; or wait for the thread that did.

        Raises:
            StreamStateError: this was stopped, or is another process's.
        """
        self.refuse_in_child()
        if self.new or self.stop_requested:
            try:
                begin()
            except StreamStateError:
                if self.new or self.stop_requested:
                    raise  # else another thread has just begun
            else:
                return
        if not self.beginning_here:
            self._begun.wait(Deadline(BEGIN_TIME))

    def run(
        self,
        begin: Callable[[], None],
        wait: Callable[[], object],
        stop: Callable[[], object],
    ) -> bool:
        """Join what runs, or begin, and ``wait`` for the end.

        Returns:
            False if Ctrl-C came, which stops it.

        Raises:
            StreamStateError: this was stopped before, is another process's, or the
                caller would wait for itself.
        """
        self.refuse_in_callback("run_forever()")
        stopped_before = self.stop_requested
        try:
            self.join_or_begin(begin)
            wait()
        except KeyboardInterrupt:
            stop()
            return False
        except StreamStateError:
            # Unless stop() came just before, from a handler or a signal handler.
            if stopped_before or not self.stop_requested:
                raise
        return True

    def show(self, begin: Callable[[], None]) -> None:
        """Begin as ``join_or_begin`` does; one ``start`` may follow."""
        self._shown = True
        self.join_or_begin(begin)

    def start(self, begin: Callable[[], None]) -> None:
        """Call ``begin``; or join what ``show`` has begun, once.

        Raises:
            StreamStateError: this was started or stopped before, or the caller would
                wait for itself.
        """
        if not self._shown:
            begin()
            return
        self.refuse_in_callback("start()")
        self._shown = False
        self.join_or_begin(begin)

    @property
    def beginning_here(self) -> bool:
        """True if the caller has interrupted a start, as a signal handler may."""
        return threading.get_ident() in self._beginning

    @property
    def ends_with_caller(self) -> bool:
        """True if the end cannot come before the caller has returned."""
        return self._in_own_thread() or self.beginning_here

    def request_stop(self) -> None:
        """Forbid a start from now on, and have one that is under way end again."""
        self.refuse_in_child()
        self.stop_requested = True
        self._permit.take()
