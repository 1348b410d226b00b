"""Which accounts a command is about: named exchanges, a file's, or simulated ones.

A command takes them all by one decorator::

    @click.command()
    @choosing_accounts
    def balances(choice: Choice) -> None:
        with choice.opened() as accounts:
            streams = [account.stream() for account in accounts]
"""

from __future__ import annotations

import functools
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator, Sequence

import click
from click.shell_completion import CompletionItem

from assetstream.cli.account_file import labels_in, read_accounts
from assetstream.cli.adapters import REGIONS, build, takes_region
from assetstream.cli.key_file import read_keys
from assetstream.cli.suggestions import meant
from assetstream.errors import ConfigurationError
from assetstream.exchanges import EXCHANGES
from assetstream.protocol import Exchange
from assetstream.stream import AssetStream

__all__ = ["Choice", "Chosen", "choosing_accounts"]

#: For --count: each takes three threads of the simulator.
MOST_ACCOUNTS = 200
#: Trades of a simulated account a second; of all of them together, at most.
TRADES = 5.0
MOST_TRADES = 50.0


@dataclass(frozen=True)
class Chosen:
    """An account that was chosen. ``label`` None: the stream makes its own."""

    exchange: Exchange
    label: str | None = None

    def stream(self) -> AssetStream:
        """A stream for it, not started."""
        return AssetStream(self.exchange, account=self.label)


@dataclass(frozen=True)
class Choice:
    """What the options say; all of it is checked by ``opened()``.

    Attributes:
        names: exchanges, or with ``file`` labels in it.
        region: of Upbit, where the keys were made.
        keys: a key file, for the one exchange that is named.
        file: TOML, a table for each account.
        simulate: accounts that trade at random on a simulator of this machine.
        count: with ``simulate``, so many on each exchange.
    """

    names: tuple[str, ...] = ()
    region: str | None = None
    keys: Path | None = None
    file: Path | None = None
    simulate: bool = False
    count: int | None = None

    @contextmanager
    def opened(self) -> Iterator[list[Chosen]]:
        """Yield the accounts, at least one; simulated ones trade until the end.

        Raises:
            click.UsageError: the options contradict each other, a key is missing or
                wrong, or a package is; also for a ``ConfigurationError`` of the body.
        """
        try:
            if self.simulate:
                with self._simulated() as accounts:
                    yield accounts
            else:
                yield self._real()
        except ConfigurationError as exc:
            raise click.UsageError(str(exc)) from None

    def _real(self) -> list[Chosen]:
        names = tuple(dict.fromkeys(self.names))
        self._refuse("--count belongs to --simulate", self.count is not None)
        if self.file is not None:
            where = "with --accounts, put {} into the file's tables"
            self._refuse(where.format("the region"), self.region is not None)
            self._refuse(where.format('keys = "..."'), self.keys is not None)
            accounts = read_accounts(self.file, names)
            return [Chosen(exchange, label) for label, exchange in accounts.items()]
        _check_exchanges(names)
        self._refuse(
            f"say which exchange ({', '.join(EXCHANGES)}), name a file of accounts by "
            "--accounts, or try --simulate",
            not names,
        )
        self._refuse(
            "--keys is for one exchange; for more of them, --accounts takes a file",
            self.keys is not None and len(names) > 1,
        )
        self._check_region(names)
        given = read_keys(self.keys, names[0]) if self.keys is not None else {}
        regional = {"region": self.region} if self.region is not None else {}
        return [
            Chosen(build(name, **given, **(regional if takes_region(name) else {})))
            for name in names
        ]

    def _check_region(self, names: Sequence[str]) -> None:
        regional = [name for name in names if takes_region(name)]
        if self.region is not None and not regional:
            raise ConfigurationError(f"{names[0]} has no regions: leave --region out")
        if self.region is None and regional:
            raise ConfigurationError(
                f"{regional[0]} needs --region: {', '.join(REGIONS[:-1])} or "
                f"{REGIONS[-1]}, where the key was made"
            )

    @contextmanager
    def _simulated(self) -> Iterator[list[Chosen]]:
        real = "{} belongs to real accounts, not --simulate"
        self._refuse(real.format("--region"), self.region is not None)
        self._refuse(real.format("--keys"), self.keys is not None)
        self._refuse(real.format("--accounts"), self.file is not None)
        _check_exchanges(self.names)
        try:
            from assetstream.simulator import STARTING_BALANCES, Simulator
        except ModuleNotFoundError as exc:
            raise click.UsageError(str(exc)) from None
        names, count = self.names or tuple(STARTING_BALANCES), self.count or 1
        names = tuple(dict.fromkeys(names))
        rate = min(TRADES, MOST_TRADES / (count * len(names)))
        with Simulator() as simulator:
            accounts = []
            for number in range(1, count + 1):
                for name in names:
                    account = getattr(simulator, name)(STARTING_BALANCES[name])
                    account.trade(rate).start()
                    label = f"{name}-{number}" if count > 1 else None
                    accounts.append(Chosen(account.exchange(), label))
            yield accounts

    @staticmethod
    def _refuse(why: str, wrong: bool) -> None:
        if wrong:
            raise ConfigurationError(why)


def _check_exchanges(names: Sequence[str]) -> None:
    for name in names:
        if name not in EXCHANGES:
            known = " and ".join(EXCHANGES)
            raise ConfigurationError(
                f"no exchange is called {name!r}: "
                f"{meant(name, EXCHANGES) or f'{known} are known'}"
            )


def _complete_names(
    ctx: click.Context, parameter: click.Parameter, begun: str
) -> list[CompletionItem]:
    file = ctx.params.get("file")
    known = labels_in(file) if file is not None else EXCHANGES
    given = ctx.params.get("names") or ()
    return [
        CompletionItem(name)
        for name in known
        if name.startswith(begun) and name not in given
    ]


def _complete_region(
    ctx: click.Context, parameter: click.Parameter, begun: str
) -> list[CompletionItem]:
    return [CompletionItem(region) for region in REGIONS if region.startswith(begun)]


def choosing_accounts(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that choose accounts; it is called with ``choice``."""

    @click.argument(
        "names", nargs=-1, metavar="[EXCHANGE]...", shell_complete=_complete_names
    )
    @click.option(
        "--region",
        metavar="|".join(REGIONS),
        shell_complete=_complete_region,
        help="Upbit's region, where the key was made.",
    )
    @click.option(
        "--keys",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Take the exchange's keys from this file instead of the environment.",
    )
    @click.option(
        "--accounts",
        "file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Take accounts from this TOML file: all, or the labels that are named.",
    )
    @click.option(
        "--simulate",
        is_flag=True,
        help="Take accounts that trade at random on a simulator of this machine.",
    )
    @click.option(
        "--count",
        type=click.IntRange(1, MOST_ACCOUNTS),
        metavar="N",
        help="With --simulate: so many accounts on each exchange.",
    )
    @functools.wraps(command)
    def chosen(*args: Any, **options: Any) -> None:
        names = ("names", "region", "keys", "file", "simulate", "count")
        choice = Choice(**{name: options.pop(name) for name in names})
        command(*args, choice=choice, **options)

    return chosen
