"""Pages as plain text, their tables in aligned columns."""

from __future__ import annotations

from typing import Sequence

from assetstream.display.page import NUMERIC, Grid, Line, Page, padded

__all__ = ["as_text"]


def as_text(page: Page) -> str:
    """Render a page; no line of it is empty."""
    texts = [_table(p) if isinstance(p, Grid) else line_text(p) for p in page]
    return "\n".join(filter(None, texts))


def line_text(line: Line) -> str:
    """Render one line."""
    words = [words for _, words in line.lights]
    return "  ".join(filter(None, [*words, f"{line.name} {line.text}".strip()]))


def _table(grid: Grid) -> str:
    if not grid.rows:
        return ""
    columns = []
    for number, name in enumerate(grid.names):
        cells = [row[number].text for row in grid.rows]
        columns.append(_aligned(name, cells))
    lines = zip(*columns, strict=True)
    return "\n".join("  ".join(line).rstrip() for line in lines)


def _aligned(name: str, cells: Sequence[str]) -> list[str]:
    if name not in NUMERIC:
        width = max(map(len, (name, *cells)))
        return [cell.ljust(width) for cell in (name, *cells)]
    column = [name, *padded(cells)]
    width = max(map(len, column))
    return [cell.rjust(width) for cell in column]
