"""One page of a live table."""

from __future__ import annotations

from typing import NamedTuple

from assetstream.display.page import Page

__all__ = ["LivePage"]


class LivePage(NamedTuple):
    """A page, and the facts behind it.

    Attributes:
        page: shows one moment.
        facts: equal to those of the page before if nothing happened since, though ages
            and figures have changed.
    """

    page: Page
    facts: object
