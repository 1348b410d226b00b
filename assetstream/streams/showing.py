"""What streams and groups have in common: they can be looked at in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Sequence

from assetstream.display.html import as_html
from assetstream.display.page import Line, Page
from assetstream.notebook.accounts import AccountView

if TYPE_CHECKING:
    from assetstream.notebook.live_table import Display

__all__ = ["Showable"]


class Showable:
    """A stream or a group, as it is shown in the output of a notebook's cell."""

    #: The live one in a notebook, if ``show`` was called there.
    _display: Display | None = None

    def show(self) -> None:
        """Put a live table into the output of this cell; needs the extra ``notebook``.

        It shows the state and why, every balance with its last change, its age and
        where it came from, the figures of ``health()`` and the last errors. It moves
        while no cell runs, four times a second at most, until the end, which it shows.

        One that is NEW is started, without waiting to be LIVE: the table shows how far
        it is, and errors as they come. (``start()`` it before, if the next cell needs
        its balances.) Those errors are not told on stderr besides, unless
        logging was set up; what your handlers raise is. Called again, in another cell
        too, it shows the same table there as well. Running a cell again that makes the
        stream or the group replaces the older one of the same key and host.

        In a terminal, where nothing can move, it prints the table of this moment.

        Raises:
            ConfigurationError: IPython is not installed.
            StreamStateError: it is in a group that was not started.
        """
        # Upward, and only here: what an extra brings is loaded when it is asked for.
        from assetstream.notebook import show

        show(self)

    def _end_display(self, timeout: float) -> bool:
        """Have the end shown; False if its thread has not ended in time.

        Args:
            timeout: seconds to wait for that; not if the end is yet to come, as after
                a ``stop()`` in a handler: it is shown when it does.
        """
        display = self._display
        if display is None:
            return True
        display.wake()
        return not self._over or display.join(timeout)

    def _repr_html_(self) -> str | None:
        if not self._owned_here:
            return None  # the plain repr says what can be said in a forked child
        return as_html(self._page(self._views()))

    # What either answers.

    @property
    def _owned_here(self) -> bool:
        raise NotImplementedError

    @property
    def _label(self) -> str:
        """What the thread of its display is named after."""
        raise NotImplementedError

    @property
    def _new(self) -> bool:
        """It was neither started nor stopped."""
        raise NotImplementedError

    @property
    def _over(self) -> bool:
        """Nothing about it will change any more."""
        raise NotImplementedError

    def _put_on_screen(self, shown: bool) -> None:
        """Its errors are shown from now on, or no longer."""
        raise NotImplementedError

    def _begin_unless_begun(self) -> None:
        raise NotImplementedError

    def stop(self, timeout: float | None = 5.0) -> bool:
        """End it."""
        raise NotImplementedError

    def _views(self) -> list[AccountView]:
        """What is to be seen of each account now."""
        raise NotImplementedError

    def _page(self, views: Sequence[AccountView], errors: Sequence[Line] = ()) -> Page:
        """How that looks."""
        raise NotImplementedError
