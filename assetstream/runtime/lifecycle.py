"""One stream, one life: it is started once, stopped for good, and never forked."""

from __future__ import annotations

import os
from typing import Callable

from assetstream.model.errors import AssetStreamError, StreamStateError
from assetstream.model.events import StateChange
from assetstream.model.states import State
from assetstream.protocol import Exchange
from assetstream.protocol.observed import Observer, observed
from assetstream.runtime.dispatcher import Handlers
from assetstream.runtime.engine import Home, Life, Settings
from assetstream.runtime.loop.waits import Deadline, OneShotEvent
from assetstream.runtime.solo import Solo

__all__ = ["Launch"]

#: Making a life takes a moment, in seconds.
BEGIN_TIME = 5.0
#: Problems and what to do about them.
ALREADY = (
    "start() was already called",
    "Leave it out: `with`, iteration and run_forever() join what runs.",
)
STOPPED = "it was stopped", "Make a new AssetStream: one stream has one life."


class Launch:
    """Guards the one life of a stream, in the process that made it."""

    def __init__(
        self, exchange: Exchange, settings: Settings, handlers: Handlers
    ) -> None:
        self._exchange = exchange
        self._settings = settings
        self._handlers = handlers
        self._pid = os.getpid()
        # It runs in a group, which begins it.
        self._adopted = False
        self._life: Life | None = None
        # Taken by the one start that is allowed. Taking it is one atomic step, where a
        # lock could be held by the very code that a signal handler interrupts.
        self._permit = [True]
        # Set once a life was made, or could not be.
        self._tried = OneShotEvent()
        #: ``stop`` was called, started or not.
        self.stop_requested = False

    @property
    def owned_here(self) -> bool:
        """False in a process forked after the stream was made."""
        return os.getpid() == self._pid

    def refuse_in_child(self) -> None:
        """Raise StreamStateError in a forked child, where the threads do not run."""
        if not self.owned_here:
            raise self._refusal(
                "this stream belongs to the process that made it",
                "After a fork, make a new AssetStream in the child.",
            )

    @property
    def handlers(self) -> Handlers:
        """The user's, to add to; StreamStateError in a forked child."""
        self.refuse_in_child()
        return self._handlers

    def observe(
        self, observer: Observer, told: Callable[[StateChange | AssetStreamError], None]
    ) -> None:
        """Let ``observer`` see all that passes, and ``told`` hear what the user does.

        Raises:
            StreamStateError: it was begun or stopped before.
        """
        if self.life is not None or self.stop_requested:
            raise self._refusal("observe it from the start: before start(), not after")
        self._exchange = observed(self._exchange, observer)
        self._handlers.witnesses += (told,)

    @property
    def life(self) -> Life | None:
        """The life, once begun; StreamStateError in a forked child."""
        self.refuse_in_child()
        return self._life

    def started(self) -> Life:
        """The life; StreamStateError before its beginning."""
        life = self.life
        if life is None and self.stop_requested:
            raise self._refusal(*STOPPED)
        if life is None:
            raise self._refusal("not started", "Call start() first, or use `with`.")
        return life

    def adopt(self) -> None:
        """From now on only a group begins it; StreamStateError if it is not NEW."""
        if self.life is not None or self.stop_requested:
            raise self._refusal(*(STOPPED if self.stop_requested else ALREADY))
        if self._adopted:
            raise self._refusal("it is in a StreamGroup already")
        self._adopted = True

    def begin(self, home: Home | None = None) -> Life:
        """Begin the life, in a home of its own if none is given.

        Raises:
            StreamStateError: it was begun or stopped before, or belongs to a group.
        """
        self.refuse_in_child()
        if self._adopted and home is None:
            raise self._refusal("it is in a StreamGroup", "Start that.")
        try:
            self._permit.pop()
        except IndexError:
            why = STOPPED if self.stop_requested else ALREADY
            raise self._refusal(*why) from None
        try:
            # Known before it begins: stop() reaches it from now on.
            self._life = life = Life(
                self._exchange,
                self._settings,
                self._handlers,
                home or Solo(self._settings.account),
            )
        finally:
            self._tried.set()
        try:
            life.begin()
        except BaseException:
            life.abort()
            raise
        if self.stop_requested:
            life.stop()
        return life

    def join_or_begin(self, begin: Callable[[], Life]) -> Life:
        """The life, begun by ``begin`` if nobody has done it."""
        life = self.life
        if life is not None and life.state is State.STOPPED and not life.interrupt:
            raise self._refusal(*STOPPED)
        if life is None and self._permit:
            try:
                return begin()
            except StreamStateError:
                # The permit is still there if a group is to begin it.
                if self.stop_requested or self._permit:
                    raise
        # Another thread is just beginning it.
        self._tried.wait(Deadline(BEGIN_TIME))
        return self.started()

    def request_stop(self) -> Life | None:
        """Ask the life to end, or forbid its beginning, without waiting."""
        life = self.life
        self.stop_requested = True
        if life is None:
            # Forbids a later start; one under way sees the request by itself.
            self._permit.clear()
        else:
            life.stop()
        return life

    def stop(self, timeout: float | None) -> bool:
        """End the life, or forbid its beginning; as ``AssetStream.stop``."""
        life = self.request_stop()
        if life is None or life.in_own_thread():
            return True
        return life.join(Deadline(timeout))

    def _refusal(self, problem: str, remedy: str = "") -> StreamStateError:
        account = self._settings.account
        return StreamStateError(
            f"{account}: {problem}",
            remedy=remedy,
            exchange=self._exchange.name,
            account=account,
        )
