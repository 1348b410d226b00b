"""What an account, or a group of them, looks like at one moment.

A ``Screen`` is made of figures that were read once, so text and HTML agree. The
notebook shows one after the other; ``_repr_html_`` shows the one of the moment.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Iterator, NamedTuple, Sequence

from assetstream import markup, pictures
from assetstream.events import exact_sum
from assetstream.health import Health, said
from assetstream.pictures import Row
from assetstream.plain import Cell, Grid, as_text, counted, digits
from assetstream.states import State

__all__ = ["AccountView", "Screen", "account_screen", "group_screen"]

#: Up to so many accounts, each balance has a row of its own.
FEW = 4
#: Accounts that are told of by a line of their own because they are not LIVE.
MOST_TROUBLED = 20
#: What asks for attention first.
TROUBLE = (State.FAILED, State.STALE, State.CONNECTING, State.STOPPED, State.NEW)


class AccountView(NamedTuple):
    """What is read of a stream to show it.

    Attributes:
        exchange: name of the exchange.
        account: label of the account.
        health: its figures.
        rows: its balances, by currency; those that are zero and always were left out.
    """

    exchange: str
    account: str
    health: Health
    rows: Sequence[Row]


class Screen(NamedTuple):
    """The same, as text and as HTML."""

    text: str
    html: str


def account_screen(view: AccountView, errors: Sequence[str] = ()) -> Screen:
    """One account: its state and why, its balances, its figures, the last errors.

    Args:
        view: what was read of it.
        errors: what went wrong lately, oldest first, to be shown below.
    """
    health = view.health
    name = f"{view.account} on {view.exchange}"
    grid = pictures.grid_of(view.rows[: pictures.MOST_ROWS], changes=True)
    below = pictures.left_out(len(view.rows) - pictures.MOST_ROWS, "stream.balances")
    if not view.rows:
        below = [_nothing_held(health)]
    figures = [" \u00b7 ".join(said(health))]
    errors = list(errors) or _errors([view])
    reason = _reason(view)
    return Screen(
        "\n".join(
            filter(
                None,
                [
                    f"{health.state.value}  {name}: {reason}",
                    as_text(grid) if view.rows else "",
                    *below,
                    *figures,
                    *errors,
                ],
            )
        ),
        markup.panel(
            markup.lines(
                f"{markup.light(health.state.value)} {markup.bold(view.account)} "
                f"{markup.escape(f'on {view.exchange}: {reason}')}"
            ),
            markup.table(grid) if view.rows else "",
            markup.lines(
                *map(markup.dim, [*below, *filter(None, figures)]),
                *(markup.coloured(error, "bad") for error in errors),
            ),
        ),
    )


def group_screen(
    views: Sequence[AccountView], figures: Sequence[str], errors: Sequence[str] = ()
) -> Screen:
    """Many accounts: how many are in which state, totals, and who is not LIVE.

    Of a few accounts, each balance is shown.

    Args:
        views: of all accounts.
        figures: of the group, in words.
        errors: what went wrong lately, oldest first, to be shown below.
    """
    states = Counter(view.health.state for view in views)
    counted_states = [(state, states[state]) for state in State if states[state]]
    if len(views) <= FEW:
        rows = [row for view in views for row in view.rows]
        grid = pictures.grid_of(rows[: pictures.MOST_ROWS], accounts=True, changes=True)
        hidden = len(rows) - pictures.MOST_ROWS
    else:
        grid = _totals(views)
        hidden = 0
    troubled = list(_troubled(views))
    below = pictures.left_out(hidden, "group.balances")
    below += pictures.left_out(
        len(troubled) - MOST_TROUBLED, "group.health(): not LIVE either"
    )
    line = " \u00b7 ".join(figures)
    errors = list(errors)
    head = counted(len(views), "account")
    return Screen(
        "\n".join(
            filter(
                None,
                [
                    f"{head}: "
                    + ", ".join(f"{count} {state}" for state, count in counted_states),
                    as_text(grid) if grid.rows else "",
                    *(
                        f"{view.health.state}  {view.account}: {_reason(view)}"
                        for view in troubled[:MOST_TROUBLED]
                    ),
                    *below,
                    line,
                    *errors,
                ],
            )
        ),
        markup.panel(
            markup.lines(
                f"{markup.bold(head)} "
                + " ".join(
                    markup.light(state.value, f"{count} {state}")
                    for state, count in counted_states
                )
            ),
            markup.table(grid) if grid.rows else "",
            markup.lines(
                *(
                    f"{markup.light(view.health.state.value)} "
                    f"{markup.bold(view.account)} {markup.escape(_reason(view))}"
                    for view in troubled[:MOST_TROUBLED]
                ),
                *map(markup.dim, filter(None, [*below, line])),
                *(markup.coloured(error, "bad") for error in errors),
            ),
        ),
    )


def _reason(view: AccountView) -> str:
    """What is going on, in words."""
    health = view.health
    if health.state is State.NEW:
        return "not started"
    if health.state is State.CONNECTING:
        attempt = f", attempt {health.reconnects + 1}" if health.reconnects else ""
        return f"connecting, logging in and reading the balances{attempt}"
    return health.reason


def _nothing_held(health: Health) -> str:
    if health.state is State.LIVE:
        return "the account holds nothing"
    return "no balances yet" if not health.state.final else "no balances"


def _errors(views: Sequence[AccountView]) -> list[str]:
    """The last errors, but for those that are the reasons of their states."""
    return [
        f"{type(view.health.error).__name__}: {view.health.error}"
        for view in views
        if view.health.error is not None
        and str(view.health.error) != view.health.reason
    ]


def _troubled(views: Sequence[AccountView]) -> Iterator[AccountView]:
    """Those that need a look; not those that simply wait their turn to connect."""
    for state in TROUBLE:
        for view in views:
            health = view.health
            if health.state is state and (
                health.error is not None or state is not State.CONNECTING
            ):
                yield view


def _totals(views: Sequence[AccountView]) -> Grid:
    held: dict[str, list[Row]] = {}
    for view in views:
        for row in view.rows:
            held.setdefault(row.balance.currency, []).append(row)
    cells = [_total(currency, rows) for currency, rows in sorted(held.items())]
    return Grid(
        ("Currency", "Available", "Locked", "Total", "Accounts", "Last change", "By"),
        cells[: pictures.MOST_ROWS],
    )


def _total(currency: str, rows: Sequence[Row]) -> list[Cell]:
    stale = sum(row.stale for row in rows)
    old = "old" if stale else ""
    changed = [row for row in rows if row.change]
    latest = max(changed, key=lambda row: row.balance.changed_at, default=None)
    return [
        Cell(currency + (f" {stale} stale" if stale else "")),
        Cell(digits(exact_sum(row.balance.available for row in rows)), old),
        Cell(digits(exact_sum(row.balance.locked for row in rows)), old),
        Cell(digits(exact_sum(row.balance.total for row in rows)), old),
        Cell(str(sum(bool(row.balance.total) for row in rows))),
        pictures.change_cell(latest.change if latest else Decimal(0)),
        Cell(latest.balance.account if latest else "", "dim"),
    ]
