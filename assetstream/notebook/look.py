"""One look at what a live table shows."""

from __future__ import annotations

from typing import NamedTuple

from assetstream.display.page import Page

__all__ = ["Look"]


class Look(NamedTuple):
    """What there is to see at one moment.

    Attributes:
        page: shows it.
        facts: equal to those of the last look if nothing happened since, though ages
            and figures have changed.
    """

    page: Page
    facts: object
