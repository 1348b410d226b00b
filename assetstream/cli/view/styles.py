"""Looks as the styles of a terminal, by rich."""

from __future__ import annotations

from rich.text import Text

from assetstream.display.terminal import Strip

__all__ = ["STYLES", "styled"]

#: Look -> style. What has just changed is reversed: it is seen without colours, too.
STYLES = {
    "": "",
    "good": "green",
    "warn": "yellow",
    "bad": "red",
    "dim": "dim",
    "old": "dim",
    "grew": "reverse green",
    "shrank": "reverse red",
}


def styled(strip: Strip) -> Text:
    """Render one line of a window."""
    text = Text(no_wrap=True, overflow="ignore", end="")
    for words, look, bold in strip:
        text.append(words, f"{'bold ' * bold}{STYLES[look]}".strip() or None)
    return text
