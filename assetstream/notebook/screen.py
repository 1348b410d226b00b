"""The place where one thing is shown: an output of a notebook, or a terminal."""

from __future__ import annotations

from typing import Callable

from assetstream.display.text import as_text
from assetstream.libraries import install_command
from assetstream.model.errors import ConfigurationError
from assetstream.notebook.live_table import LivePage, LiveTable

__all__ = ["Screen"]

MISSING = "show() needs the package IPython, which every notebook brings"
INSTEAD = (
    "Install it by `{}`. On a terminal, `assetstream watch` shows a live table; in a "
    "script, on_asset=print prints every change."
)
STANDS_STILL = (
    "This table moves in a notebook only. Here, call show() again to see it anew, or "
    "use on_asset=print; `assetstream watch` is a live table of its own."
)


class Screen:
    """Shows one thing live in a notebook, and as a still elsewhere.

    Args:
        label: names the thread of its table.
        pages: makes, for each new table, the function that makes its pages.
        over: returns True once nothing changes any more.
        on_screen: called with True when a live table begins, and with False when one
            ends.
    """

    def __init__(
        self,
        label: str,
        pages: Callable[[], Callable[[], LivePage]],
        over: Callable[[], bool],
        on_screen: Callable[[bool], None],
    ) -> None:
        self._label = label
        self._pages = pages
        self._over = over
        self._on_screen = on_screen
        self._table: LiveTable | None = None

    def show(
        self, start: Callable[[], object] | None, stop: Callable[[], object]
    ) -> None:
        """Show it here.

        Args:
            start: called before, if there is something to start.
            stop: undoes ``start`` if it cannot be shown after all.

        Raises:
            ConfigurationError: IPython is not installed.
        """
        try:
            from IPython import get_ipython
        except ModuleNotFoundError as exc:
            if (exc.name or "").partition(".")[0] != "IPython":
                raise
            remedy = INSTEAD.format(install_command("notebook"))
            raise ConfigurationError(MISSING, remedy=remedy) from None
        if start is not None:
            start()
        try:
            if getattr(get_ipython(), "kernel", None) is None:
                print(as_text(self._pages()().page), STANDS_STILL, sep="\n\n")
            elif self._table is not None and self._table.running:
                self._table.show_here_too()
            else:
                self._table = LiveTable(
                    self._label, self._pages(), self._over, self._on_screen
                )
                self._table.begin()
        except BaseException:
            # Interrupted, most likely: nobody would know that something was started.
            if start is not None:
                stop()
            raise

    def end(self, timeout: float | None) -> bool:
        """Have the end shown; False if the table's thread has not ended in time.

        Args:
            timeout: seconds to wait for that; None after a ``stop()`` in a handler,
                which nothing may hold up: the end is shown when it comes.
        """
        table = self._table
        if table is None:
            return True
        table.wake()
        return timeout is None or table.join(timeout)
