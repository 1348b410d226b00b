"""Live tables in a notebook, ``stream.show()``. It needs the extra ``notebook``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assetstream.display.page import as_text
from assetstream.model.errors import ConfigurationError

if TYPE_CHECKING:
    from assetstream.streams.showing import Showable

__all__ = ["show"]

MISSING = (
    "show() needs the package IPython, which every notebook brings: pip install "
    '"assetstream[notebook]". On a terminal, `assetstream watch` shows a live table; '
    "in a script, on_asset=print prints every change"
)
STANDS_STILL = (
    "This table moves in a notebook only. Here, call show() again to see it anew, or "
    "use on_asset=print; `assetstream watch` is a live table of its own."
)


def show(shown: Showable) -> None:
    """Show a stream or a group; see ``AssetStream.show``."""
    fresh = shown._new
    try:
        from IPython import get_ipython

        from assetstream.notebook.live_table import Display
    except ModuleNotFoundError as exc:
        if (exc.name or "").partition(".")[0] != "IPython":
            raise
        raise ConfigurationError(MISSING) from None
    if fresh:
        shown._begin_unless_begun()
    try:
        if getattr(get_ipython(), "kernel", None) is None:
            print(as_text(shown._page(shown._views())), STANDS_STILL, sep="\n\n")
        elif shown._display is not None and shown._display.showing:
            shown._display.show_here_too()
        else:
            shown._display = Display(shown)
            shown._display.begin()
    except BaseException:
        # Interrupted, most likely: who did not get to see it would not know of it.
        if fresh:
            shown.stop()
        raise
