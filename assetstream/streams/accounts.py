"""Accounts at one moment, and the pages that show one of them or many.

Notebooks, ``repr`` and the command line all show these.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Mapping, NamedTuple, Sequence

from assetstream.display.balances import (
    LIVE_COLUMNS,
    MOST_ROWS,
    BalanceRow,
    TotalRow,
    balances_grid,
    is_held,
    left_out,
    states_line,
    totals_grid,
)
from assetstream.display.page import Line, Page
from assetstream.display.words import named, placed
from assetstream.model.errors import CallbackError
from assetstream.model.events import ZERO, Balance, exact_sum, row_of
from assetstream.model.health import (
    Health,
    as_of,
    error_lines,
    health_words,
    state_counts,
)
from assetstream.model.states import State

__all__ = [
    "FEW",
    "AccountSnapshot",
    "account_line",
    "account_page",
    "group_line",
    "group_page",
    "totals",
    "trouble_lines",
    "trouble_of",
]

#: Up to so many accounts, each balance has a row of its own.
FEW = 4
#: Lines about accounts that are not LIVE.
MOST_TROUBLED = 20
#: States that ask for attention, the most urgent first.
TROUBLE = (State.FAILED, State.STALE, State.CONNECTING)


class AccountSnapshot(NamedTuple):
    """One account at one moment.

    Attributes:
        exchange: name of the exchange.
        account: label of the account.
        health: its figures.
        rows: its balances, by currency; those that are zero and always were left out.
        known: False if its balances were never read.
        raised: the last error of a handler of the user's.
    """

    exchange: str
    account: str
    health: Health
    rows: Sequence[BalanceRow]
    known: bool = True
    raised: CallbackError | None = None

    @classmethod
    def of(
        cls,
        exchange: str,
        account: str,
        health: Health,
        balances: Mapping[str, tuple[Balance, Decimal]],
    ) -> AccountSnapshot:
        """Describe what was read of a stream.

        Args:
            exchange: name of the exchange.
            account: label of the account.
            health: its figures.
            balances: currency -> its balance, and the last change of its total.
        """
        live = health.state is State.LIVE
        rows = [
            # Not ``balance.stale``: one that a push replaces while it is shown is stale
            # as an object, but its currency is not.
            row_of(balance, not live or currency in health.in_doubt, change)
            for currency, (balance, change) in sorted(balances.items())
            # A zero is worth a line only if somebody may look for what went.
            if is_held(balance) or change
        ]
        return cls(exchange, account, health, rows, live or bool(balances))


def account_page(account: AccountSnapshot, errors: Sequence[Line] = ()) -> Page:
    """Show one account: its state and why, its balances, its figures, the last errors.

    Args:
        account: what was read of it.
        errors: the last ones, oldest first; by default the present error.
    """
    figures = " \u00b7 ".join(health_words(account.health))
    rows = account.rows
    return [
        account_line(account, still=True),
        balances_grid(rows[:MOST_ROWS], LIVE_COLUMNS),
        *left_out(len(rows) - MOST_ROWS, "stream.balances"),
        *([] if rows else [Line(_nothing_held(account.health), "dim")]),
        *([Line(figures, "dim")] if figures else []),
        *(errors or _present_error(account)),
    ]


def group_page(
    accounts: Sequence[AccountSnapshot],
    figures: Sequence[str],
    errors: Sequence[Line] = (),
) -> Page:
    """Show many accounts: how many are in which state, who is not LIVE, and totals.

    Of a few accounts, each balance is shown; how to see one of many is said.

    Args:
        accounts: all of them.
        figures: of the group, in words.
        errors: the last ones, oldest first.
    """
    troubled = trouble_lines(accounts)
    few = len(accounts) <= FEW
    first = next((account.account for account in accounts), "")
    return [
        group_line(accounts, still=True),
        *troubled[:MOST_TROUBLED],
        *left_out(len(troubled) - MOST_TROUBLED, "group.health().errors"),
        *(_all_rows(accounts) if few else _totals_table(accounts)),
        *([] if few else [Line(f"one account: group[{first!r}].show()", "dim")]),
        *([Line(" \u00b7 ".join(figures), "dim")] if figures else []),
        *errors,
    ]


def account_line(account: AccountSnapshot, *, still: bool = False) -> Line:
    """Show the state of an account, and why.

    Args:
        account: what was read of it.
        still: with the time of it, for where it may be seen long afterwards.
    """
    health = account.health
    state = health.state.value
    return Line(
        _reason(health),
        name=f"{placed(account.account, account.exchange)}:",
        lights=[(state, state + as_of(health.at) if still else state)],
    )


def group_line(accounts: Sequence[AccountSnapshot], *, still: bool = False) -> Line:
    """Show how many accounts are in which state, and why all have ended.

    Args:
        accounts: all of them.
        still: with the time of it, for where it may be seen long afterwards.
    """
    states = Counter(account.health.state for account in accounts)
    times = [account.health.at for account in accounts if account.health.at and still]
    oldest = as_of(min(times, default=None))
    return states_line(state_counts(states), _end(accounts), oldest)


def trouble_lines(accounts: Sequence[AccountSnapshot], names: int = 20) -> list[Line]:
    """Show in one line those that are in trouble for the same reason.

    Accounts that simply wait their turn to connect are in no trouble.

    Args:
        accounts: all of them.
        names: so many accounts are named in a line.
    """
    found: dict[tuple[State, str], list[str]] = {}
    for account in accounts:
        health = account.health
        waits = health.state is State.CONNECTING and health.error is None
        if health.state in TROUBLE and not waits:
            key = health.state, trouble_of(health)
            found.setdefault(key, []).append(account.account)
    return [
        Line(
            reason, name=f"{named(labels, names)}:", lights=[(state.value, state.value)]
        )
        for (state, reason), labels in sorted(
            found.items(), key=lambda item: TROUBLE.index(item[0][0])
        )
    ]


def trouble_of(health: Health) -> str:
    """Say why an account is in trouble, alike for all with the same cause."""
    if health.state is State.CONNECTING and health.error is not None:
        return health.error.explanation  # the attempts' numbers differ, this does not
    return _reason(health)


def totals(accounts: Sequence[AccountSnapshot]) -> list[TotalRow]:
    """Add up each currency over all accounts, by currency."""
    held: dict[str, list[BalanceRow]] = {}
    for account in accounts:
        for row in account.rows:
            held.setdefault(row.currency, []).append(row)
    return [_total(currency, rows) for currency, rows in sorted(held.items())]


def _total(currency: str, rows: Sequence[BalanceRow]) -> TotalRow:
    changed = [row for row in rows if row.changed_at is not None]
    latest = max(changed, key=lambda row: row.changed_at or 0, default=None)
    return TotalRow(
        currency,
        exact_sum(row.available for row in rows),
        exact_sum(row.locked for row in rows),
        exact_sum(row.total for row in rows),
        sum(map(is_held, rows)),
        sum(row.stale for row in rows),
        latest.change if latest else ZERO,
        latest.account if latest else "",
        latest.fresh.total if latest else ZERO,
    )


def _end(accounts: Sequence[AccountSnapshot]) -> str:
    """Say why those that were stopped were; nothing while one goes on."""
    if not all(account.health.state.final for account in accounts):
        return ""
    healths = (account.health for account in accounts)
    stopped = (health for health in healths if health.state is State.STOPPED)
    return next(map(_reason, stopped), "")


def _all_rows(accounts: Sequence[AccountSnapshot]) -> Page:
    rows = [row for account in accounts for row in account.rows]
    return [
        balances_grid(rows[:MOST_ROWS], ("Account", *LIVE_COLUMNS)),
        *left_out(len(rows) - MOST_ROWS, "group.balances"),
    ]


def _totals_table(accounts: Sequence[AccountSnapshot]) -> Page:
    rows = totals(accounts)
    return [
        totals_grid(rows[:MOST_ROWS]),
        *left_out(len(rows) - MOST_ROWS, "group.balances"),
    ]


def _reason(health: Health) -> str:
    """Say what is going on."""
    if health.state is State.NEW:
        return "not started"
    if health.state is State.CONNECTING:
        attempt = f", attempt {health.reconnects + 1}" if health.reconnects else ""
        return f"connecting, logging in and reading the balances{attempt}"
    if health.state is State.STOPPED:
        return f"{health.reason or 'stopped'}; no longer updated"
    return health.reason


def _nothing_held(health: Health) -> str:
    if health.state is State.LIVE:
        return "the account holds nothing"
    return "no balances yet" if not health.state.final else "no balances"


def _present_error(account: AccountSnapshot) -> list[Line]:
    error, reason = account.health.error, account.health.reason
    return [] if error is None else error_lines(error, reason)
