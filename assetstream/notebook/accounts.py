"""What an account, or a group of them, looks like at one moment.

The notebook shows one such page after the other; ``_repr_html_`` shows that of the
moment.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Mapping, NamedTuple, Sequence

from assetstream.display.page import Cell, Grid, Line, Page, counted, digits, named
from assetstream.model import pictures
from assetstream.model.events import exact_sum
from assetstream.model.health import Health, said
from assetstream.model.pictures import Row
from assetstream.model.states import State

__all__ = ["TROUBLE", "AccountView", "account_page", "group_page", "state_line"]

#: Up to so many accounts, each balance has a row of its own.
FEW = 4
#: Lines that tell of accounts that are not LIVE.
MOST_TROUBLED = 20
#: Said of what has ended.
AT_REST = "nothing here moves any more"
#: What asks for attention first.
TROUBLE = (State.FAILED, State.STALE, State.CONNECTING)
#: Columns where accounts are added up.
TOTALS = (
    "Currency",
    "Available",
    "Locked",
    "Total",
    "Accounts",
    "Last change",
    "By",
)


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


def account_page(view: AccountView, errors: Sequence[Line] = ()) -> Page:
    """One account: its state and why, its balances, its figures, the last errors.

    Args:
        view: what was read of it.
        errors: what went wrong lately, oldest first; by default the present error.
    """
    figures = " \u00b7 ".join(said(view.health))
    rows = view.rows
    return [
        _head(view, f"{view.account} on {view.exchange}:"),
        pictures.grid_of(rows[: pictures.MOST_ROWS], changes=True),
        *pictures.left_out(len(rows) - pictures.MOST_ROWS, "stream.balances"),
        *([] if rows else [Line(_nothing_held(view.health), "dim")]),
        *([Line(figures, "dim")] if figures else []),
        *(errors or _error_of(view)),
    ]


def group_page(
    views: Sequence[AccountView], figures: Sequence[str], errors: Sequence[Line] = ()
) -> Page:
    """Many accounts: how many are in which state, totals, and who is not LIVE.

    Of a few accounts, each balance is shown.

    Args:
        views: of all accounts.
        figures: of the group, in words.
        errors: what went wrong lately, oldest first.
    """
    troubled = _troubled(views)
    return [
        state_line(Counter(view.health.state for view in views), _end(views)),
        *(_all_rows(views) if len(views) <= FEW else _totals(views)),
        *troubled[:MOST_TROUBLED],
        *pictures.left_out(len(troubled) - MOST_TROUBLED, "group.health().errors"),
        *([Line(" \u00b7 ".join(figures), "dim")] if figures else []),
        *errors,
    ]


def state_line(states: Mapping[State, int], end: str = "") -> Line:
    """How many accounts are in which state, and why all have ended, if they have."""
    lights = [(s.value, f"{states[s]} {s}") for s in State if states.get(s)]
    accounts = counted(sum(states.values()), "account")
    return Line(f"of {accounts}{end and ': '}{end}", lights=lights)


def _head(view: AccountView, name: str) -> Line:
    state = view.health.state.value
    return Line(_reason(view), name=name, lights=[(state, state)])


def _end(views: Sequence[AccountView]) -> str:
    """Why those that were stopped were; nothing while one goes on."""
    if not all(view.health.state.final for view in views):
        return ""
    stopped = (view for view in views if view.health.state is State.STOPPED)
    return next(map(_reason, stopped), "")


def _all_rows(views: Sequence[AccountView]) -> Page:
    rows = [row for view in views for row in view.rows]
    most = pictures.MOST_ROWS
    return [
        pictures.grid_of(rows[:most], accounts=True, changes=True),
        *pictures.left_out(len(rows) - most, "group.balances"),
    ]


def _reason(view: AccountView) -> str:
    """What is going on, in words."""
    health = view.health
    if health.state is State.NEW:
        return "not started"
    if health.state is State.CONNECTING:
        attempt = f", attempt {health.reconnects + 1}" if health.reconnects else ""
        return f"connecting, logging in and reading the balances{attempt}"
    if health.state is State.STOPPED:
        return f"{health.reason or 'stopped'}; {AT_REST}"
    return health.reason


def _nothing_held(health: Health) -> str:
    if health.state is State.LIVE:
        return "the account holds nothing"
    return "no balances yet" if not health.state.final else "no balances"


def _error_of(view: AccountView) -> list[Line]:
    """Its error, unless that is the reason of its state."""
    error = view.health.error
    if error is None or str(error) == view.health.reason:
        return []
    return [Line(f"{type(error).__name__}: {error}", "bad")]


def _troubled(views: Sequence[AccountView]) -> list[Line]:
    """A line for those that need a look for the same reason, as in an outage of all.

    Not for those that simply wait their turn to connect.
    """
    found: dict[tuple[State, str], list[str]] = {}
    for view in views:
        state = view.health.state
        waits = state is State.CONNECTING and view.health.error is None
        if state in TROUBLE and not waits:
            found.setdefault((state, _reason(view)), []).append(view.account)
    return [
        Line(reason, name=f"{named(accounts)}:", lights=[(state.value, state.value)])
        for (state, reason), accounts in sorted(
            found.items(), key=lambda item: TROUBLE.index(item[0][0])
        )
    ]


def _totals(views: Sequence[AccountView]) -> Page:
    held: dict[str, list[Row]] = {}
    for view in views:
        for row in view.rows:
            held.setdefault(row.balance.currency, []).append(row)
    shown = sorted(held.items())[: pictures.MOST_ROWS]
    return [
        Grid(TOTALS, [_total(currency, rows) for currency, rows in shown]),
        *pictures.left_out(len(held) - len(shown), "group.balances"),
    ]


def _total(currency: str, rows: Sequence[Row]) -> list[Cell]:
    stale = sum(row.stale for row in rows)
    old = "old" if stale else ""
    changed = [row for row in rows if row.change]
    latest = max(changed, key=lambda row: row.balance.changed_at, default=None)
    return [
        Cell(f"{currency} {stale} stale", "warn") if stale else Cell(currency),
        Cell(digits(exact_sum(row.balance.available for row in rows)), old),
        Cell(digits(exact_sum(row.balance.locked for row in rows)), old),
        Cell(digits(exact_sum(row.balance.total for row in rows)), old),
        Cell(str(sum(bool(row.balance.total) for row in rows))),
        pictures.change_cell(latest.change if latest else Decimal(0)),
        Cell(latest.balance.account if latest else "", "dim"),
    ]
