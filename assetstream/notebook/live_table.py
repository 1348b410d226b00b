"""One table in the outputs of cells, repainted by a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Callable, NamedTuple

from assetstream.display.html import LAPSE, as_html
from assetstream.display.page import Page
from assetstream.display.text import as_text

__all__ = ["LivePage", "LiveTable"]

logger = logging.getLogger("assetstream")

#: Seconds between two pages, and so between two repaints.
PAUSE = 0.25
#: Seconds after which it is repainted though nothing happened: ages have changed, and
#: what is not repainted does not look live for long.
TICK = 1.0
#: A pause is so many times as long as it took to make the page before it, at least: the
#: table spends at most a tenth of the time on very many accounts.
REST = 10
#: But no pause is longer, seconds: the table looks live to the next page.
MOST_REST = LAPSE / 2
#: The longest that the end waits to be shown, seconds.
LAST_PAINT = 1.0


class LivePage(NamedTuple):
    """A page, and the facts behind it.

    Attributes:
        page: shows one moment.
        facts: equal to those of the page before if nothing happened since, though ages
            and figures have changed.
    """

    page: Page
    facts: object


class LiveTable:
    """Shows the pages of something until its end, four times a second at most.

    Args:
        label: names its thread.
        page: makes the page of the moment; safe from any thread.
        over: returns True once nothing changes any more.
        on_screen: called with True at the beginning, and with False before the last
            page, or when it ends early.
    """

    def __init__(
        self,
        label: str,
        page: Callable[[], LivePage],
        over: Callable[[], bool],
        on_screen: Callable[[bool], None],
    ) -> None:
        self._label = label
        self._page = page
        self._over = over
        self._on_screen = on_screen
        # One primitive whose put may interrupt anything, signal handlers included.
        self._wakes: SimpleQueue[None] = SimpleQueue()
        self._painted: dict[str, str] = {}
        # Every output of this name is repainted at once, in whichever cell it is.
        self._name = f"assetstream-{uuid.uuid4().hex}"
        # A daemon: the interpreter's exit does not wait for it.
        self._thread = threading.Thread(
            target=self._run, name=f"assetstream-{label}-display", daemon=True
        )

    @property
    def running(self) -> bool:
        """True from the beginning until the end has been shown."""
        return self._thread.is_alive()

    def begin(self) -> None:
        """Show the present moment in this cell, and go on from there."""
        over = self._over()
        self._painted = _paint(self._page().page, moving=not over)
        self.show_here_too()
        if not over:
            self._on_screen(True)
            self._thread.start()

    def show_here_too(self) -> None:
        """Show the same table in this cell as well."""
        self._publish(update=False)

    def wake(self) -> None:
        """Make the next page at once."""
        self._wakes.put(None)

    def join(self, timeout: float) -> bool:
        """Wait until the end was shown; False if it was not in time.

        Args:
            timeout: seconds, of which no more than one is waited.
        """
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(min(timeout, LAST_PAINT))
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._repaint()
        except Exception as error:
            # The notebook's part has gone; what it showed does not need it.
            self._on_screen(False)
            with suppress(Exception):  # a logging handler is the user's code (D4)
                logger.warning(
                    "%s: the live table has ended: %s: %s",
                    self._label,
                    type(error).__name__,
                    error,
                )

    def _repaint(self) -> None:
        facts: object = None
        made_at = painted_at = time.monotonic()
        over = False
        while not over:
            # So many seconds after the last page, but at once if the end has come.
            took = time.monotonic() - made_at
            self._wait(pause_after(took))
            made_at = time.monotonic()
            # Asked first: what is seen after the end does not change any more.
            over = self._over()
            if over:
                self._on_screen(False)  # what comes now may be too late for the page
            page = self._page()
            if over or page.facts != facts or made_at - painted_at >= TICK:
                facts, painted_at = page.facts, made_at
                self._painted = _paint(page.page, moving=not over)
                self._publish(update=True)

    def _wait(self, seconds: float) -> None:
        try:
            self._wakes.get(timeout=seconds)
        except Empty:
            pass

    def _publish(self, *, update: bool) -> None:
        # Imported here: a program that shows nothing needs no IPython.
        from IPython.display import display

        display(  # type: ignore[no-untyped-call]
            self._painted, raw=True, display_id=self._name, update=update
        )


def pause_after(took: float) -> float:
    """Return the seconds between a page that took so many and the next one."""
    return max(PAUSE, min(REST * took, MOST_REST))


def _paint(page: Page, *, moving: bool) -> dict[str, str]:
    return {"text/plain": as_text(page), "text/html": as_html(page, moving=moving)}
