"""Selects accounts as the options say, with their keys."""

from __future__ import annotations

from contextlib import contextmanager
from inspect import signature
from pathlib import Path
from typing import Iterator, Sequence

from assetstream.cli.accounts.account import LabelledExchange, make_account
from assetstream.cli.accounts.account_file import read_accounts
from assetstream.cli.accounts.key_file import read_keys
from assetstream.cli.accounts.suggestions import meant
from assetstream.display.words import listed
from assetstream.exchanges import EXCHANGES
from assetstream.model.errors import ConfigurationError
from assetstream.streams.stream import AssetStream

__all__ = ["in_file", "named", "simulated", "usable"]

#: Trades of a simulated account a second; of all of them together, at most.
TRADES = 5.0
MOST_TRADES = 50.0
#: What to do where --region cannot be right for all of them.
EACH_ITS_OWN = "A file of accounts (--accounts) gives each its own region."


def named(
    names: Sequence[str], region: str | None, keys: Path | None
) -> list[LabelledExchange]:
    """Select an account on each named exchange, by the environment's keys or a file's.

    Raises:
        ConfigurationError: a name or the region is missing or wrong, or a key file.
    """
    _check_exchanges(names)
    if not names:
        raise ConfigurationError(
            "no exchange is named",
            remedy=f"Say which exchange ({', '.join(EXCHANGES)}), name a file of "
            "accounts by --accounts, or try --simulate.",
        )
    if keys is not None and len(names) > 1:
        raise ConfigurationError(
            "--keys is for one exchange",
            remedy="For more of them, --accounts takes a file.",
        )
    regional = [name for name in names if EXCHANGES[name].regions]
    if region is not None and not regional:
        raise ConfigurationError(
            f"{names[0]} has no regions", remedy="Leave --region out."
        )
    needing = [name for name in regional if _needs_region(name)]
    if region is None and needing:
        raise ConfigurationError(
            f"{needing[0]} needs --region: "
            f"{listed(EXCHANGES[needing[0]].regions, 'or')}, where the key was made",
            remedy=EACH_ITS_OWN if len(regional) > 1 else "",
        )
    having = [name for name in regional if region in EXCHANGES[name].regions]
    given = read_keys(keys, names[0]) if keys is not None else {}
    located = {"region": region} if region is not None else {}
    # One that has another region by itself is not asked for this one.
    taking = {*having, *needing} or regional
    elsewhere = [name for name in regional if name in taking and name not in having]
    if region is not None and elsewhere and len(regional) > 1:
        raise ConfigurationError(
            f"{elsewhere[0]} has no region {region!r}, it has "
            f"{listed(EXCHANGES[elsewhere[0]].regions)}",
            remedy=EACH_ITS_OWN,
        )
    return [
        make_account(name, None, {**given, **(located if name in taking else {})})
        for name in names
    ]


def _needs_region(name: str) -> bool:
    """True if an exchange has no region of its own where none is given."""
    region = signature(EXCHANGES[name]).parameters["region"]
    return region.default is region.empty


def in_file(path: Path, labels: Sequence[str]) -> list[LabelledExchange]:
    """Select the accounts of a TOML file: all, or those with these labels.

    Raises:
        ConfigurationError: something in it is missing or wrong.
    """
    return read_accounts(path, labels)


def usable(
    accounts: Sequence[LabelledExchange], *, all_wanted: bool
) -> tuple[list[AssetStream], list[ConfigurationError]]:
    """Return streams of the accounts that have a key, and of the others, why not.

    Of a whole file, one whose key is not to be had is left out, as one is whose key the
    exchange refuses: the others can be watched, and are more useful than none. It is
    an error all the same, that is shown, counted in sums as missing, and in the exit
    code. Whoever has named accounts wants all of them.

    Args:
        accounts: those that were selected.
        all_wanted: they were named one by one.

    Raises:
        ConfigurationError: none is left, or one is missing that is wanted.
    """
    missing = [each for each in accounts if each.no_key is not None]
    if missing and (all_wanted or len(missing) == len(accounts)):
        assert missing[0].no_key is not None
        raise missing[0].no_key
    streams = [each.stream() for each in accounts if each.no_key is None]
    return streams, [_left_out(each) for each in missing]


def _left_out(account: LabelledExchange) -> ConfigurationError:
    error = account.no_key
    assert error is not None
    return ConfigurationError(
        f"this account is left out: {error.problem}",
        remedy=error.remedy,
        exchange=account.exchange.name,
        account=account.label,
    )


@contextmanager
def simulated(names: Sequence[str], count: int) -> Iterator[list[LabelledExchange]]:
    """Run a simulator with trading accounts, ``count`` on each named exchange, or all.

    Raises:
        ConfigurationError: there is no such exchange.
        ModuleNotFoundError: the extra ``simulator`` is missing; the text says so.
    """
    _check_exchanges(names)
    from assetstream.simulator import STARTING_BALANCES, Simulator

    names = names or list(STARTING_BALANCES)
    rate = min(TRADES, MOST_TRADES / (count * len(names)))
    with Simulator() as simulator:
        accounts = []
        for number in range(1, count + 1):
            for name in names:
                account = simulator.open(name, STARTING_BALANCES[name])
                account.trade(rate).start()
                label = f"{name}-{number}" if count > 1 else None
                accounts.append(LabelledExchange(account.exchange(), label))
        yield accounts


def _check_exchanges(names: Sequence[str]) -> None:
    for name in names:
        if name not in EXCHANGES:
            hint = meant(name, EXCHANGES) or f"Known are {listed(EXCHANGES)}."
            raise ConfigurationError(f"no exchange is called {name!r}", remedy=hint)
