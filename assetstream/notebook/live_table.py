"""One table in the outputs of cells, repainted by a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from queue import Empty, SimpleQueue
from typing import Any, Sequence

from IPython.display import display

from assetstream.display.html import as_html
from assetstream.display.page import as_text
from assetstream.notebook.accounts import AccountView
from assetstream.notebook.memory import Memory
from assetstream.streams.showing import Showable

__all__ = ["Display"]

logger = logging.getLogger("assetstream")

#: Seconds between two looks, and so between two repaints.
PAUSE = 0.25
#: Seconds after which it is repainted though nothing happened: ages have changed.
TICK = 1.0
#: A pause is at least so many times what the look before it took: very many accounts
#: are looked at less often.
RESPITE = 10
#: The longest that the end waits to be shown, seconds.
LAST_PAINT = 1.0


class Display:
    """Shows a stream or a group until its end.

    It looks at what anyone may read, four times a second, and is no handler: nothing
    in the stream waits for it, or knows of it but ``stop()``.

    Args:
        shown: what to show.
    """

    def __init__(self, shown: Showable) -> None:
        self._shown = shown
        self._memory = Memory()
        # One primitive whose put may interrupt anything, signal handlers included.
        self._wakes: SimpleQueue[None] = SimpleQueue()
        self._painted: dict[str, str] = {}
        # Every output of this name is repainted at once, in whichever cell it is.
        self._name = f"assetstream-{uuid.uuid4().hex}"
        # A daemon: the interpreter's exit does not wait for it.
        self._thread = threading.Thread(
            target=self._run, name=f"assetstream-{shown._label}-display", daemon=True
        )

    @property
    def showing(self) -> bool:
        """It has begun, and the end was not yet shown."""
        return self._thread.is_alive()

    def begin(self) -> None:
        """Show the present moment in this cell, and go on from there."""
        self._painted = self._paint(self._look())
        self.show_here_too()
        if not self._shown._over:
            self._shown._put_on_screen(True)
            self._thread.start()

    def show_here_too(self) -> None:
        """Show it in this cell as well."""
        self._publish(update=False)

    def wake(self) -> None:
        """Look at once."""
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
            # The notebook's part has gone; the stream does not need it.
            self._shown._put_on_screen(False)
            logger.warning(
                "%s: the live table has ended: %s: %s",
                self._shown._label,
                type(error).__name__,
                error,
            )

    def _repaint(self) -> None:
        news: object = None
        looked_at = painted_at = time.monotonic()
        over = False
        while not over:
            # So many seconds after the last look, but at once if the end has come.
            took = time.monotonic() - looked_at
            self._wait(max(PAUSE, RESPITE * took))
            looked_at = time.monotonic()
            # Asked first: what is seen after the end does not change any more.
            over = self._shown._over
            views = self._look()
            latest = _news(views)
            if over or latest != news or looked_at - painted_at >= TICK:
                news, painted_at = latest, looked_at
                self._update(views)

    def _wait(self, seconds: float) -> None:
        try:
            self._wakes.get(timeout=seconds)
        except Empty:
            pass

    def _update(self, views: Sequence[AccountView]) -> None:
        painted = self._paint(views)
        if painted != self._painted:
            self._painted = painted
            self._publish(update=True)

    def _publish(self, *, update: bool) -> None:
        display(  # type: ignore[no-untyped-call]
            self._painted, raw=True, display_id=self._name, update=update
        )

    def _look(self) -> list[AccountView]:
        return self._memory.recall(self._shown._views())

    def _paint(self, views: Sequence[AccountView]) -> dict[str, str]:
        page = self._shown._page(views, self._memory.errors(views))
        return {"text/plain": as_text(page), "text/html": as_html(page)}


def _news(views: Sequence[AccountView]) -> list[Any]:
    """What differs only if something happened; times and figures do without."""
    return [
        (
            view.account,
            view.health.state,
            view.health.reason,
            view.health.error,
            view.health.in_doubt,
            view.health.reconnects,
            view.rows,
        )
        for view in views
    ]
