"""Calls to an engine, made in a thread that may wait for it."""

from __future__ import annotations

from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, NoReturn, Union

from assetstream.model.errors import AssetStreamError
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.helpers import Helpers

if TYPE_CHECKING:
    from assetstream.sharing.engine import Engine

__all__ = ["Done", "EngineThread"]

#: Where helpers make calls to an engine.
ENGINE = "engine"

#: Called with an answer, or the error there was, and when the call was about to be
#: made; seconds of ``clock.now``.
Done = Callable[[Union[Any, AssetStreamError], float], None]


class EngineCall(NamedTuple):
    """A call to be made, and who is told its outcome."""

    make: Callable[[Engine], Any]
    done: Done


class EngineThread:
    """Makes one call to an engine after the other, in a helper thread.

    The thread owns the connection: it closes it at the end, whatever was under way.

    Args:
        engine: not connected; used by nobody else from now on.
        helpers: have the thread.
        post: has an outcome told in the thread of who asked.
    """

    def __init__(
        self,
        engine: Engine,
        helpers: Helpers,
        post: Callable[[Callable[[], None]], None],
    ) -> None:
        self._engine = engine
        self._helpers = helpers
        self._post = post
        self._calls: SimpleQueue[EngineCall | None] = SimpleQueue()

    def begin(self) -> None:
        """Begin; RuntimeError if no thread could be made."""
        self._helpers.start(ENGINE, self._run)

    def call(self, make: Callable[[Engine], Any], done: Done) -> None:
        """Have a call made after all others, and its outcome told."""
        self._calls.put(EngineCall(make, done))

    def end(self) -> None:
        """End the call under way, make no other, and close the connection."""
        self._calls.put(None)
        self._engine.cancel()

    def _run(self) -> None:
        try:
            while (call := self._calls.get()) is not None:
                asked = clock.now()
                try:
                    outcome = call.make(self._engine)
                except AssetStreamError as error:
                    outcome = error
                except Exception as fault:
                    self._post(partial(_raise, fault))
                    return
                self._post(partial(call.done, outcome, asked))
        finally:
            self._engine.close()


def _raise(fault: Exception) -> NoReturn:
    """Raise a fault of ours where it ends what has asked."""
    raise fault
