"""Pages in a window of so many columns, in which no amount is ever cropped.

Where a table is too wide, its numbers are no longer aligned by their points, then it
gives up its spare columns, then each amount has a line of its own beside its currency,
and at last the currency has one, too. Lines of words wrap.
"""

from __future__ import annotations

import unicodedata
from enum import IntEnum
from itertools import product
from typing import Iterator, Mapping, NamedTuple, Sequence

from assetstream.display.page import LIGHTS, NUMERIC, Cell, Grid, Line

__all__ = [
    "Columns",
    "Form",
    "Span",
    "Strip",
    "fit",
    "head",
    "holds",
    "laid",
    "packed",
    "wide",
    "wrapped",
]

#: Columns between two cells.
GAP = 2
#: Columns by which a line of words goes on, where they are few in proportion.
INDENT = 2
ROOMY = 30
RULE = "\u2500"


class Span(NamedTuple):
    """Words or a number on a line of a window, and their look."""

    text: str
    look: str = ""
    bold: bool = False


#: One line of a window.
Strip = Sequence[Span]


class Form(IntEnum):
    """The forms of a table; each needs less room than the one before."""

    #: A line a row, numbers aligned by their points.
    ALIGNED = 0
    #: A line a row.
    UNALIGNED = 1
    #: A line an amount, with its currency beside the first.
    LINES = 2
    #: A line for the currency; its amounts below it, on as many lines as they take.
    STACKED = 3


class Size(NamedTuple):
    """Columns that the cells of a table's column take.

    Attributes:
        whole: the longest.
        before: of numbers: the longest part before the point.
        behind: of numbers: the longest part from the point on.
    """

    whole: int
    before: int = 0
    behind: int = 0

    def within(self, other: Size) -> bool:
        """Tell whether all that takes this has room in the other."""
        return all(mine <= theirs for mine, theirs in zip(self, other, strict=True))


class Columns(NamedTuple):
    """A form that tables have in one window, for ``laid`` to lay them out.

    Attributes:
        window: columns of the window.
        form: how a row is laid out.
        names: of the columns that are shown.
        sizes: column -> the room that is kept for it.
    """

    window: int
    form: Form
    names: tuple[str, ...]
    sizes: Mapping[str, Size]


def wide(text: str) -> int:
    """Count the columns that a text takes: Korean letters take two."""
    if text.isascii():
        return len(text)
    return sum(map(_letter_width, text))


def fit(
    grids: Sequence[Grid],
    window: int,
    before: Columns | None = None,
    least: Mapping[str, int] = {},
) -> Columns:
    """Choose the form and the columns that all these tables have in a window.

    Room is kept for a digit more on both sides of each point. While the window's width
    stays, columns that were given up do not come back: amounts grow and shrink, and
    columns must not come and go with them.

    Args:
        grids: all of the same names; one at least.
        window: columns of the window.
        before: what was chosen last, which stays if it still will do.
        least: column -> the width that is kept for it, in place of a digit more, while
            there is room for more than the columns that are never given up.
    """
    if before is not None and before.window != window:
        before = None
    if before is not None and all(holds(before, grid) for grid in grids):
        return before
    needs = _needs(grids)
    few = tuple(name for name in grids[0].names if name not in grids[0].spare)
    kept = {name: _kept(name, needs[name], least) for name in needs}
    bare = {name: _kept(name, needs[name], {}) for name in needs}
    for form, names in _forms(grids[0]):
        if before is not None and not _follows(form, names, before):
            continue
        sizes = [kept if names != few else bare]
        # What is shown stays as long as it can, even if nothing is kept for more.
        if before is not None and (form, names) == (before.form, before.names):
            sizes.append(needs)
        for each in sizes:
            if _width(form, names, each) <= window:
                return Columns(window, form, names, each)
    return Columns(window, Form.STACKED, few, bare)


def holds(columns: Columns, grid: Grid) -> bool:
    """Tell whether all cells of a table have room in those columns."""
    sizes = _needs([grid]).items()
    return all(size.within(columns.sizes[name]) for name, size in sizes)


def head(columns: Columns) -> list[Strip]:
    """Lay out the names above the table, and a rule below them."""
    form, names, sizes = columns.form, columns.names, columns.sizes
    if form is Form.STACKED:
        words = f"{names[0]}, {', '.join(map(str.lower, names[1:]))}"
        strips = _wrapped([Span(words, "", True)], columns.window, 0)
        return [*strips, [Span(RULE * columns.window, "dim")]]
    width = _width(form, names, sizes)
    if form is Form.LINES:
        amount = _lines_sizes(names, sizes)[-1]
        title = names[0].ljust(width - amount) + "Amount".rjust(amount)
    else:
        titles = []
        for name in names:
            room = _room(form, name, sizes[name])
            titles.append(name.rjust(room) if name in NUMERIC else name.ljust(room))
        title = (" " * GAP).join(titles)
    return [[Span(title, "", True)], [Span(RULE * width, "dim")]]


def laid(columns: Columns, grid: Grid) -> Iterator[Strip]:
    """Lay out the rows of a table.

    Args:
        columns: what ``fit`` chose for this table, among others.
        grid: the table.
    """
    at = [list(grid.names).index(name) for name in columns.names]
    for row in grid.rows:
        cells = [row[number] for number in at]
        if columns.form is Form.STACKED:
            yield from _stacked(columns, cells)
        elif columns.form is Form.LINES:
            yield from _amount_lines(columns, cells)
        else:
            yield _side_by_side(columns, cells)


def wrapped(line: Line, window: int) -> list[Strip]:
    """Lay out a line of words, on as many lines of the window as it takes."""
    spans: list[Span] = []
    for state, words in line.lights:
        spans += [Span(words, LIGHTS[state][1], True), Span("  ")]
    if line.name:
        spans += [Span(line.name, line.look, True), Span(" ")]
    spans.append(Span(line.text, line.look))
    return _wrapped(spans, window, INDENT if window >= ROOMY else 0)


def packed(parts: Sequence[Span], window: int, most: int) -> list[Strip]:
    """Lay out short parts side by side, on ``most`` lines; what is left has no room.

    Args:
        parts: the most important first.
        window: columns of the window.
        most: lines.
    """
    strips: list[list[Span]] = []
    room = 0
    for part in parts:
        needed = wide(part.text)
        if strips and needed + GAP <= room:
            strips[-1] += [Span(" " * GAP), part]
            room -= needed + GAP
        elif len(strips) < most and needed <= window:
            strips.append([part])
            room = window - needed
    return list(strips)


def _letter_width(letter: str) -> int:
    if unicodedata.category(letter) in {"Mn", "Me"}:
        return 0  # an accent, which stands on the letter before it
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _printable(text: str) -> str:
    """Replace what would move the cursor; an exchange may have written it."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else " " if each.isspace() else "\ufffd"
        for each in text
    )


def _needs(grids: Sequence[Grid]) -> dict[str, Size]:
    needs = {}
    for number, name in enumerate(grids[0].names):
        texts = [row[number].text for grid in grids for row in grid.rows]
        whole = max(map(wide, texts), default=0)
        needs[name] = Size(whole)
        if name in NUMERIC:
            points = [text.find(".") for text in texts]
            split = [
                (at, len(text) - at) if at >= 0 else (len(text), 0)
                for text, at in zip(texts, points, strict=True)
            ]
            before = max((each for each, _ in split), default=0)
            behind = max((each for _, each in split), default=0)
            needs[name] = Size(whole, before, behind)
    return needs


def _kept(name: str, size: Size, least: Mapping[str, int]) -> Size:
    """Return the room that is kept for a column."""
    whole, before, behind = size
    if name in least:
        whole = before = max(whole, least[name])
    elif name in NUMERIC:
        # The first digit behind a point brings the point with it.
        whole = max(whole + 1, before + 2)
        before, behind = before + 1, behind + (1 if behind else 2)
    return Size(whole, before, behind)


def _forms(grid: Grid) -> Iterator[tuple[Form, tuple[str, ...]]]:
    """Yield forms and columns, the best first; at last, all are stacked."""
    important = list(reversed(grid.spare))
    for stay in product((True, False), repeat=len(important)):
        left_out = {
            name for name, stays in zip(important, stay, strict=True) if not stays
        }
        names = tuple(name for name in grid.names if name not in left_out)
        yield Form.ALIGNED, names
        yield Form.UNALIGNED, names
    yield Form.LINES, tuple(name for name in grid.names if name not in grid.spare)


def _follows(form: Form, names: Sequence[str], before: Columns) -> bool:
    """Tell whether nothing comes back that had been given up."""
    return form >= before.form and set(names) <= set(before.names)


def _width(form: Form, names: Sequence[str], sizes: Mapping[str, Size]) -> int:
    if form is Form.LINES:
        return sum(_lines_sizes(names, sizes)) + 2 * GAP
    rooms = [_room(form, name, sizes[name]) for name in names]
    return sum(rooms) + GAP * (len(rooms) - 1)


def _lines_sizes(
    names: Sequence[str], sizes: Mapping[str, Size]
) -> tuple[int, int, int]:
    """Return the widths of currency, amount's name, and amount."""
    first, *others = names
    return (
        max(len(first), sizes[first].whole),
        max(map(len, others)),
        max(len("Amount"), *(sizes[name].whole for name in others)),
    )


def _room(form: Form, name: str, size: Size) -> int:
    if form is Form.ALIGNED and name in NUMERIC:
        return max(len(name), size.before + size.behind)
    return max(len(name), size.whole)


def _side_by_side(columns: Columns, cells: Sequence[Cell]) -> Strip:
    spans: list[Span] = []
    for name, cell in zip(columns.names, cells, strict=True):
        text = _printable(cell.text)
        size = columns.sizes[name]
        room = _room(columns.form, name, size) - wide(text)
        behind = room
        if name in NUMERIC:
            behind = 0
            if columns.form is Form.ALIGNED and text:
                at = text.find(".")
                behind = size.behind - (len(text) - at if at >= 0 else 0)
        spans += [
            Span(" " * (GAP + room - behind)),
            Span(text, cell.look, name == columns.names[0]),
            Span(" " * behind),
        ]
    return [Span(spans[0].text[GAP:]), *spans[1:]]


def _amount_lines(columns: Columns, cells: Sequence[Cell]) -> Iterator[Strip]:
    width, label, amount = _lines_sizes(columns.names, columns.sizes)
    first, *others = cells
    for name, cell in zip(columns.names[1:], others, strict=True):
        text = _printable(first.text)
        room = label - len(name) + GAP + amount - len(cell.text)
        yield [
            Span(text, first.look, True),
            Span(" " * (width - wide(text) + GAP)),
            Span(name.lower(), "dim"),
            Span(" " * room),
            Span(cell.text, cell.look),
        ]
        first = Cell("")


def _stacked(columns: Columns, cells: Sequence[Cell]) -> Iterator[Strip]:
    first, *others = cells
    yield from _wrapped([Span(first.text, first.look, True)], columns.window, 0)
    for name, cell in zip(columns.names[1:], others, strict=True):
        words = [Span(f"{name.lower()} ", "dim"), Span(cell.text, cell.look)]
        yield from _wrapped(words, columns.window, 0)


def _wrapped(spans: Sequence[Span], window: int, indent: int) -> list[Strip]:
    """Break between words, and within one that is longer than a line."""
    spans = [span._replace(text=_printable(span.text)) for span in spans]
    text = "".join(span.text for span in spans).rstrip()
    if wide(text) <= window:
        return [[*_slice(spans, 0, len(text))]] if text else []
    strips: list[Strip] = []
    start = 0
    while start < len(text):
        before = indent if strips else 0
        end = _break(text, start, window - before)
        strips.append([Span(" " * before), *_slice(spans, start, end)])
        start = end
        while start < len(text) and text[start] == " ":
            start += 1
    return strips


def _break(text: str, start: int, room: int) -> int:
    """Return where the line ends that begins at ``start``; it has a letter at least."""
    end, taken = start, 0
    while end < len(text):
        taken += _letter_width(text[end])
        if taken > room and end > start:
            break
        end += 1
    if end == len(text) or text[end] == " ":
        return end
    space = text.rfind(" ", start, end)
    return space if space > start else end


def _slice(spans: Sequence[Span], start: int, end: int) -> Iterator[Span]:
    at = 0
    for span in spans:
        part = span.text[max(0, start - at) : max(0, end - at)]
        if part:
            yield span._replace(text=part)
        at += len(span.text)
