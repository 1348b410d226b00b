"""The methods that add handlers to a stream or a group, and remove them."""

from __future__ import annotations

from typing import Callable, TypeVar

from assetstream.model.errors import AssetStreamError
from assetstream.model.events import AssetUpdate, StateChange
from assetstream.runtime import settings
from assetstream.runtime.dispatcher import Handlers
from assetstream.runtime.loop.registrations import registered
from assetstream.runtime.mailbox import Sink

__all__ = ["HandlerMethods", "Result", "attach"]

#: What a handler returns, which nobody looks at. (Were the handler itself the variable,
#: type checkers would not know what a lambda is given.)
Result = TypeVar("Result")


class HandlerMethods:
    """Adds and removes handlers; the same methods for a stream and for a group."""

    def on_asset(
        self, handler: Callable[[AssetUpdate], Result]
    ) -> Callable[[AssetUpdate], Result]:
        """Add ``handler`` for every ``AssetUpdate``; also as a decorator. Returns it.

        Added to a group, it is added to each of its accounts, those to come included.
        It is called on a callback thread, as the class says.

        Raises:
            ConfigurationError: it can never be called well; the text says why.
        """
        settings.check_handler("on_asset", handler)
        self._add_handlers(Handlers(asset=registered(handler)))
        return handler

    def on_error(
        self, handler: Callable[[AssetStreamError], Result]
    ) -> Callable[[AssetStreamError], Result]:
        """Add ``handler`` for every ``AssetStreamError``; as ``on_asset``.

        It is called on a callback thread; without one, errors are logged.

        Raises:
            ConfigurationError: it can never be called well; the text says why.
        """
        settings.check_handler("on_error", handler)
        self._add_handlers(Handlers(error=registered(handler)))
        return handler

    def on_state(
        self, handler: Callable[[StateChange], Result]
    ) -> Callable[[StateChange], Result]:
        """Add ``handler`` for every ``StateChange``; as ``on_asset``.

        It is called on a callback thread; last with STOPPED or FAILED.

        Raises:
            ConfigurationError: it can never be called well; the text says why.
        """
        settings.check_handler("on_state", handler)
        self._add_handlers(Handlers(state=registered(handler)))
        return handler

    def off(self, handler: Callable[..., object]) -> None:
        """Remove ``handler``, of whichever kind; one that is not there is no error.

        The very object is meant, or the same method of it; never one that is equal.
        Removed from a group, it is removed from each of its accounts. A call that is
        under way in a callback thread is not waited for.
        """
        self._change_handlers(lambda handlers: handlers.remove(handler))

    def _add_given(
        self,
        on_asset: Callable[[AssetUpdate], object] | None,
        on_error: Callable[[AssetStreamError], object] | None,
        on_state: Callable[[StateChange], object] | None,
    ) -> None:
        """Add the handlers that a constructor was given."""
        if on_asset is not None:
            self.on_asset(on_asset)
        if on_error is not None:
            self.on_error(on_error)
        if on_state is not None:
            self.on_state(on_state)

    def _add_handlers(self, added: Handlers) -> None:
        self._change_handlers(lambda handlers: handlers.take(added))

    def _put_on_screen(self, on_screen: bool) -> None:
        """Note that a live table shows errors from now on, or no longer."""

        def note(handlers: Handlers) -> None:
            handlers.on_screen = on_screen

        self._change_handlers(note)

    def _change_handlers(self, change: Callable[[Handlers], None]) -> None:
        """Have ``change`` called with all the handlers that it is to be made in."""
        raise NotImplementedError

    def _feed(self) -> None:
        """Make the sinks that were added since, for each stream that has begun."""
        raise NotImplementedError


def attach(source: HandlerMethods, make: Callable[[], Sink]) -> None:
    """Have a sink made for each stream of ``source``, those to come included.

    ``source.off(make)`` makes no more; a sink that wants no more says so itself.
    """
    source._add_handlers(Handlers(sinks=registered(make)))  # pyright: ignore[reportPrivateUsage]
    source._feed()  # pyright: ignore[reportPrivateUsage]
