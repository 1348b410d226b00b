"""The options that say which accounts a command is about: one decorator for all.

::

    @click.command()
    @choosing_accounts
    def balances(choice: AccountOptions) -> None:
        with choice.opened() as accounts:
            streams, left_out = choice.usable(accounts)

What they lead to is imported only when they are used: ``--help`` and the shell's
completion answer without it.
"""

from __future__ import annotations

import functools
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Iterator, Sequence

import click
from click.shell_completion import CompletionItem

from assetstream.model.errors import ConfigurationError

if TYPE_CHECKING:
    from assetstream.cli.accounts.account import LabelledExchange
    from assetstream.streams.stream import AssetStream

__all__ = ["AccountOptions", "choosing_account", "choosing_accounts"]

#: For --count: each takes three threads of the simulator.
MOST_ACCOUNTS = 200


@dataclass(frozen=True)
class AccountOptions:
    """The accounts that the options choose; ``opened()`` checks them.

    Attributes:
        names: exchanges, or with ``file`` labels in it.
        region: the place where the keys were made, for exchanges that have regions.
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
    def opened(self) -> Iterator[list[LabelledExchange]]:
        """Yield the accounts, at least one; simulated ones trade until the end.

        Raises:
            click.UsageError: the options contradict each other, or something is missing
                or wrong but a key; also for a ``ConfigurationError`` of the body.
        """
        from assetstream.cli.accounts import selection

        names = tuple(dict.fromkeys(self.names))
        try:
            self._check()
            if self.simulate:
                with selection.simulated(names, self.count or 1) as accounts:
                    yield accounts
            elif self.file is not None:
                yield selection.in_file(self.file, names)
            else:
                yield selection.named(names, self.region, self.keys)
        except ConfigurationError as exc:
            raise click.UsageError(str(exc)) from None

    def usable(
        self, accounts: Sequence[LabelledExchange]
    ) -> tuple[list[AssetStream], list[ConfigurationError]]:
        """Return streams of those that have a key, and of the others, why not.

        Raises:
            ConfigurationError: none is left; or a key is missing, and the accounts were
                named one by one.
        """
        from assetstream.cli.accounts import selection

        return selection.usable(accounts, all_wanted=bool(self.names))

    def _check(self) -> None:
        """Refuse options that cannot mean anything together."""
        if self.count is not None and not self.simulate:
            raise ConfigurationError("--count belongs to --simulate")
        for name in ("region", "keys", "file"):
            if getattr(self, name) is None:
                continue
            if self.simulate:
                option = "accounts" if name == "file" else name
                raise ConfigurationError(
                    f"--{option} belongs to real accounts, not to --simulate"
                )
            if self.file is not None and name != "file":
                raise ConfigurationError(
                    f"with --accounts, --{name} belongs in the file's tables",
                    remedy=f'Write there {name} = "...".',
                )


def _complete_names(
    ctx: click.Context, parameter: click.Parameter, begun: str
) -> list[CompletionItem]:
    from assetstream.cli.accounts.account_file import labels_in
    from assetstream.exchanges import EXCHANGES

    file = ctx.params.get("file")
    given = ctx.params.get("names") or ()
    known = EXCHANGES if file is None else labels_in(file)
    return [
        CompletionItem(name)
        for name in known
        if name.startswith(begun) and name not in given
    ]


def _complete_region(
    ctx: click.Context, parameter: click.Parameter, begun: str
) -> list[CompletionItem]:
    from assetstream.exchanges import EXCHANGES

    named = [name for name in ctx.params.get("names") or () if name in EXCHANGES]
    return [
        CompletionItem(region)
        for name in named or EXCHANGES
        for region in EXCHANGES[name].regions
        if region.startswith(begun)
    ]


def choosing_accounts(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that choose accounts; it is called with ``choice``."""
    counted = click.option(
        "--count",
        type=click.IntRange(1, MOST_ACCOUNTS),
        metavar="N",
        help="With --simulate: so many accounts on each exchange.",
    )
    return _choosing(
        counted(command),
        names="[EXCHANGE]...",
        file="Take the accounts of this TOML file: all, or those whose labels follow.",
        simulate="Take accounts that trade at random on a simulator of this machine.",
    )


def choosing_account(command: Callable[..., None]) -> Callable[..., None]:
    """The same for a command that takes one account only, which it has to check."""
    return _choosing(
        command,
        names="[EXCHANGE]",
        file="Take an account of this TOML file: the one whose label follows.",
        simulate="Take one that trades at random on a simulator of this machine.",
    )


def _choosing(
    command: Callable[..., None], *, names: str, file: str, simulate: str
) -> Callable[..., None]:
    @click.argument("names", nargs=-1, metavar=names, shell_complete=_complete_names)
    @click.option(
        "--region",
        metavar="REGION",
        shell_complete=_complete_region,
        help="Where the key was made; an exchange that needs it lists its regions.",
    )
    @click.option(
        "--keys",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Take the exchange's keys from this file, not from the environment.",
    )
    @click.option(
        "--accounts",
        "file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help=file,
    )
    @click.option("--simulate", is_flag=True, help=simulate)
    @functools.wraps(command)
    def chosen(*args: Any, **options: Any) -> None:
        given = {field.name for field in fields(AccountOptions)} & set(options)
        choice = AccountOptions(**{name: options.pop(name) for name in given})
        command(*args, choice=choice, **options)

    return chosen
