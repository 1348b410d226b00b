"""Selects accounts as the options say, with their keys."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Sequence

from assetstream.cli.accounts.account_file import read_accounts
from assetstream.cli.accounts.key_file import read_keys
from assetstream.cli.accounts.suggestions import meant
from assetstream.display.words import listed
from assetstream.exchanges import EXCHANGES, build
from assetstream.model.errors import ConfigurationError
from assetstream.protocol import Exchange
from assetstream.streams.stream import AssetStream

__all__ = ["LabelledExchange", "in_file", "named", "simulated"]

#: Trades of a simulated account a second; of all of them together, at most.
TRADES = 5.0
MOST_TRADES = 50.0


@dataclass(frozen=True)
class LabelledExchange:
    """The exchange of one account, and its label; None: the stream makes its own."""

    exchange: Exchange
    label: str | None = None

    def stream(self) -> AssetStream:
        """Make a stream of it, not started."""
        return AssetStream(self.exchange, account=self.label)


def named(
    names: Sequence[str], region: str | None, keys: Path | None
) -> list[LabelledExchange]:
    """Select an account on each named exchange, by the environment's keys or a file's.

    Raises:
        ConfigurationError: a name, a key or the region is missing or wrong.
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
    if region is None and regional:
        raise ConfigurationError(
            f"{regional[0]} needs --region: "
            f"{listed(EXCHANGES[regional[0]].regions, 'or')}, where the key was made"
        )
    given = read_keys(keys, names[0]) if keys is not None else {}
    located = {"region": region} if region is not None else {}
    return [
        LabelledExchange(build(name, **given, **(located if name in regional else {})))
        for name in names
    ]


def in_file(path: Path, labels: Sequence[str]) -> list[LabelledExchange]:
    """Select the accounts of a TOML file: all, or those with these labels.

    Raises:
        ConfigurationError: something in it is missing or wrong.
    """
    accounts = read_accounts(path, labels)
    return [LabelledExchange(exchange, label) for label, exchange in accounts.items()]


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
                account = getattr(simulator, name)(STARTING_BALANCES[name])
                account.trade(rate).start()
                label = f"{name}-{number}" if count > 1 else None
                accounts.append(LabelledExchange(account.exchange(), label))
        yield accounts


def _check_exchanges(names: Sequence[str]) -> None:
    for name in names:
        if name not in EXCHANGES:
            known = " and ".join(EXCHANGES)
            hint = meant(name, EXCHANGES) or f"Known are {known}."
            raise ConfigurationError(f"no exchange is called {name!r}", remedy=hint)
