"""Everything that a terminal shows of accounts, as lines of its window.

On top are states, below them the names of the columns; both stay. What scrolls between
them and the last errors and gaps is the totals, then each account with its balances.
"""

from __future__ import annotations

from typing import Iterator, NamedTuple, Sequence

from assetstream.cli.view.choice import Choice, chosen, troubled
from assetstream.cli.view.status_line import settled
from assetstream.display.balances import (
    LIVE_COLUMNS,
    BalanceRow,
    TotalRow,
    balances_grid,
)
from assetstream.display.page import Grid, Line
from assetstream.display.terminal import (
    Columns,
    Form,
    Span,
    Strip,
    fit,
    head,
    holds,
    laid,
    packed,
    wrapped,
)
from assetstream.display.words import counted, lasting, named, placed
from assetstream.model.health import Health, Progress
from assetstream.model.states import State
from assetstream.streams.accounts import (
    AccountSnapshot,
    account_line,
    group_line,
    totals,
    trouble_of,
)

__all__ = ["Layout", "Picture", "Section", "compose", "how_many", "sums"]

#: Columns that the progress bar takes, where the window has them.
BAR = 40
STROKE = "\u2501"
#: Lines of the footer at most: more keys than have room are in ``--help``.
FOOTER = 2
#: A window with less lines has one line of it.
LOW = 12
#: Lines of accounts that are shown however much there is to say besides.
LEAST = 3


class Picture(NamedTuple):
    """All there is to show at one moment.

    Attributes:
        accounts: all of them, chosen or not.
        events: the last errors and gaps, oldest first.
        progress: how far they have connected.
        keys: False if there is no keyboard to scroll by.
        ended: True if it is the last picture, which stays on the terminal.
    """

    accounts: Sequence[AccountSnapshot]
    events: Sequence[Line]
    progress: Progress
    keys: bool = True
    ended: bool = False


class Layout(NamedTuple):
    """A picture in a window.

    Attributes:
        strips: lines of the window, from its top; no more than it has.
        columns: of the tables, for the next one; None before the first.
        choice: with the line that it begins with; the last page at most.
        page: lines that are shown of those that scroll.
        seen: the tables of which something is shown.
    """

    strips: Sequence[Strip]
    columns: Columns | None
    choice: Choice
    page: int
    seen: Sequence[Grid]


class Section(NamedTuple):
    """A heading, and the rows below it.

    Attributes:
        heading: a line of words.
        rows: balances.
        totals: of several accounts.
    """

    heading: Line
    rows: Sequence[BalanceRow] = ()
    totals: Sequence[TotalRow] = ()

    def grid(self, columns: Sequence[str] = LIVE_COLUMNS) -> Grid:
        """Make the table of the rows."""
        return balances_grid(self.rows, columns, self.totals)


class Block(NamedTuple):
    """A section in a window: its lines are laid out if they are to be seen."""

    heading: Sequence[Strip]
    section: Section
    height: int


def compose(
    picture: Picture,
    choice: Choice,
    window: tuple[int, int],
    before: Columns | None = None,
) -> Layout:
    """Lay out a picture in a window.

    Args:
        picture: what there is to show.
        choice: what is chosen of it, and from which line.
        window: columns and lines.
        before: the columns of the one before.
    """
    width, accounts = window[0], picture.accounts
    columns = before if before is not None and before.window == width else None
    if columns is None and any(account.rows for account in accounts):
        columns = _fit(accounts, width, None)
    while True:
        layout = _compose(picture, choice, window, columns)
        # Of all accounts, though few are seen: columns stay when the window scrolls.
        if columns is None or all(holds(columns, grid) for grid in layout.seen):
            return layout
        columns = _fit(accounts, width, columns)


def _compose(
    picture: Picture,
    choice: Choice,
    window: tuple[int, int],
    columns: Columns | None,
) -> Layout:
    width, height = window
    names = head(columns) if columns is not None else []
    top = list(_top(picture, width))
    # Where a reason takes all the window, it scrolls with the rest.
    stays = max(1, height // 3)
    body = [_block(top[stays:]), *_blocks(picture.accounts, choice, columns, width)]
    top = top[:stays]
    lines = height - len(top) - len(names)
    foot: list[Strip] = []
    if not picture.ended:
        foot = _foot(picture, choice, (0, 0, sum(each.height for each in body)), window)
        lines -= len(foot)
    pane, earlier = _pane(picture.events, width, lines)
    body.append(_block(earlier))
    there_are = sum(each.height for each in body)
    page = max(1, lines - len(pane))
    first = max(0, min(choice.top, there_are - page))
    last = min(first + page, there_are)
    shown, seen = _seen(body, columns, first, last)
    strips = [*top, *names, *shown, *pane]
    if picture.ended:
        hidden = there_are - len(shown)
        if hidden:
            strips += wrapped(Line(f"{hidden} more lines were not shown", "dim"), width)
    else:
        foot = _foot(picture, choice, (first, last, there_are), window)[: len(foot)]
        strips += [[]] * (height - len(strips) - len(foot))
        strips = [*strips, *foot][:height]
    return Layout(strips, columns, choice._replace(top=first), page, seen)


def _fit(
    accounts: Sequence[AccountSnapshot], width: int, before: Columns | None
) -> Columns:
    """Choose the columns for all accounts, whatever is chosen of them."""
    grids = [section.grid() for section in _sections(accounts, accounts, Choice())]
    return fit(grids, width, before, _least(accounts))


def _least(accounts: Sequence[AccountSnapshot]) -> dict[str, int]:
    """Return the widths that words may take next: a lost connection makes all stale."""
    codes = [len(row.currency) for account in accounts for row in account.rows]
    mark = f" {len(accounts)} stale" if len(accounts) > 1 else " stale"
    return {
        "Currency": max(codes, default=0) + len(mark),
        "Age": len("59 min 59 s"),
        "Source": len("RECOVERED"),
    }


def sums(accounts: Sequence[AccountSnapshot], there_are: int) -> Section | None:
    """Add up what several accounts hold; None if nothing is to be added.

    Args:
        accounts: whose balances are added.
        there_are: how many accounts there are in all.
    """
    rows = totals(accounts)
    if len(accounts) < 2 or not rows:
        return None
    known = sum(account.known for account in accounts)
    heading = Line("", name=f"{how_many(known, there_are)} accounts together")
    return Section(heading, totals=rows)


def how_many(counted: int, there_are: int) -> str:
    """Say whose sum it is: ``all 3``, or ``2 of 3``, which leaves something out."""
    if counted == there_are:
        return f"all {there_are}"
    return f"{counted} of {there_are}"


def _sections(
    accounts: Sequence[AccountSnapshot],
    of: Sequence[AccountSnapshot],
    choice: Choice,
) -> Iterator[Section]:
    together = sums(accounts, len(of)) if choice.sums else None
    if together is not None:
        yield together
    above = ""
    for account in accounts:
        heading = account_line(account)
        if account.health.state is State.LIVE:
            words = _figures(account.health)
            name = placed(account.account, account.exchange)
            heading = heading._replace(text=words, name=name + (":" if words else ""))
        else:
            why = trouble_of(account.health) if troubled(account) else ""
            if why and why == above:
                heading = heading._replace(text="for the same reason")
            above = why
        yield Section(heading, account.rows)


def _figures(health: Health) -> str:
    words = []
    if health.in_doubt:
        words.append(f"in doubt: {named(health.in_doubt)}")
    if health.round_trip is not None:
        words.append(f"round trip {lasting(health.round_trip)}")
    if health.reconnects:
        words.append(counted(health.reconnects, "reconnect"))
    return ", ".join(words)


def _top(picture: Picture, width: int) -> Iterator[Strip]:
    """Lay out the states, as of when."""
    accounts, progress = picture.accounts, picture.progress
    if len(accounts) != 1:
        line = group_line(accounts, still=True)
    else:
        line, health = account_line(accounts[0], still=True), accounts[0].health
        figures = _figures(health) if health.state is State.LIVE else ""
        line = line._replace(text=", ".join(filter(None, (line.text, figures))))
    yield from wrapped(line, width)
    if progress.total > 1 and progress.settled < progress.total:
        count = f"connecting {settled(progress)}"
        done = BAR * progress.settled // progress.total
        bar = [
            Span("  "),
            Span(STROKE * done, "good"),
            Span(STROKE * (BAR - done), "dim"),
        ]
        yield [Span(count), *(bar if len(count) + 2 + BAR <= width else [])]


def _blocks(
    accounts: Sequence[AccountSnapshot],
    choice: Choice,
    columns: Columns | None,
    width: int,
) -> Iterator[Block]:
    """Divide what scrolls into its sections."""
    found = chosen(accounts, choice)
    if not found and accounts:
        words = f"nothing has {choice.words!r}: Esc shows all"
        yield _block(wrapped(Line(words, "warn"), width))
    had_rows = False
    for section in _sections(found, accounts, choice):
        heading: list[Strip] = []
        if len(accounts) > 1:
            heading = [*([[]] if had_rows else []), *wrapped(section.heading, width)]
        had_rows = bool(section.rows or section.totals)
        height = len(heading)
        if columns is not None and had_rows:
            height += height_of(columns, section)
        yield Block(heading, section, height)


def height_of(columns: Columns, section: Section) -> int:
    """Return how many lines the rows of a section take."""
    if columns.form is Form.STACKED:
        return len(list(laid(columns, section.grid())))
    rows = len(section.rows) + len(section.totals)
    return rows * (len(columns.names) - 1 if columns.form is Form.LINES else 1)


def _block(strips: Sequence[Strip]) -> Block:
    return Block(strips, Section(Line("")), len(strips))


def _seen(
    blocks: Sequence[Block], columns: Columns | None, first: int, last: int
) -> tuple[list[Strip], list[Grid]]:
    """Lay out the lines from ``first`` to ``last``, and return their tables, too."""
    strips: list[Strip] = []
    grids: list[Grid] = []
    start = 0
    for heading, section, height in blocks:
        if start < last and start + height > first:
            every = list(heading)
            if columns is not None and height > len(heading):
                grids.append(section.grid())
                every += laid(columns, grids[-1])
            strips += every[max(0, first - start) : last - start]
        start += height
    return strips, grids


def _pane(
    events: Sequence[Line], width: int, lines: int
) -> tuple[list[Strip], list[Strip]]:
    """Lay out events: the last that have room, and those before, which scroll."""
    every = [wrapped(event, width) for event in events]
    pane: list[Strip] = []
    while every:
        room = lines // 3 if pane else lines - LEAST - 1
        if len(pane) + len(every[-1]) > room:
            break
        pane = [*every.pop(), *pane]
    earlier = [strip for strips in every for strip in strips]
    return [[], *pane] if pane else [], [[], *earlier] if earlier else []


def _foot(
    picture: Picture,
    choice: Choice,
    where: tuple[int, int, int],
    window: tuple[int, int],
) -> list[Strip]:
    width, height = window
    parts = list(_keys(picture, choice, where))
    return packed(parts, width, 1 if height < LOW else FOOTER)


def _keys(
    picture: Picture, choice: Choice, where: tuple[int, int, int]
) -> Iterator[Span]:
    first, last, lines = where
    if choice.typing:
        yield Span(f"filter: {choice.words}_", "warn")
        yield Span("Enter keeps it", "dim")
        yield Span("Esc clears it", "dim")
        return
    yield Span("q quit" if picture.keys else "Ctrl-C quits", "dim")
    scrolls, many = last - first < lines, len(picture.accounts) > 1
    if scrolls:
        size = len(str(lines))
        yield Span(f"{first + 1:{size}}-{last:{size}} of {lines}", "dim")
    if choice.words:
        yield Span(f"filter: {choice.words}", "warn")
    if picture.keys:
        if scrolls:
            yield Span("\u2191\u2193 PgUp PgDn", "dim")
        if scrolls or many:
            yield Span("/ filter", "dim")
        if many:
            yield Span(f"s sort: {choice.order}", "dim")
            yield Span(f"t totals: {'on' if choice.sums else 'off'}", "dim")
