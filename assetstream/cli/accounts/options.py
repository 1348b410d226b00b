"""The options that say which accounts a command is about: one decorator for all.

::

    @click.command()
    @choosing_accounts
    def balances(choice: AccountOptions) -> None:
        with choice.streams() as (streams, left_out):
            ...

What they lead to is imported only when they are used: ``--help`` and the shell's
completion answer without it.
"""

from __future__ import annotations

import functools
import shlex
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator, Sequence, Union

import click
from click.shell_completion import CompletionItem

from assetstream.cli.view.output import complain
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ConfigurationError,
    PermissionDenied,
)

if TYPE_CHECKING:
    from assetstream.cli.accounts.account import LabelledExchange
    from assetstream.sharing.access import Access
    from assetstream.sharing.remote_group import RemoteGroup
    from assetstream.streams.stream import AssetStream

    #: Streams that are chosen one by one, or those of a fleet, whoever comes.
    Chosen = Union[Sequence[AssetStream], RemoteGroup]

__all__ = [
    "NO_ACCOUNTS",
    "URL_FORMS",
    "AccountOptions",
    "choosing_account",
    "choosing_accounts",
    "owning_accounts",
    "reach",
    "url_of",
    "usage_errors",
]

#: Stands for the URL that the environment has.
ENVIRONMENT = "env"
#: For the help of an option that has an engine's URL.
URL_FORMS = (
    "redis://host, rediss://host or unix:///path; env: what ASSETSTREAM_ENGINE_URL "
    "says, with a password."
)

#: What to do where a fleet has no accounts.
NO_ACCOUNTS = "Start a relay, or check the fleet's name (--fleet)."
#: For --count: each takes three threads of the simulator.
MOST_ACCOUNTS = 200


@dataclass(frozen=True)
class AccountOptions:
    """The accounts that the options choose; ``opened()`` checks them.

    Attributes:
        names: exchanges, or with ``file`` or ``source`` labels there.
        region: the place where the keys were made, for exchanges that have regions.
        keys: a key file, for the one exchange that is named.
        file: TOML, a table for each account.
        simulate: accounts that trade at random on a simulator of this machine.
        count: with ``simulate``, so many on each exchange.
        source: the URL of an engine where others publish accounts; or ENVIRONMENT.
        fleet: with ``source``, the name of theirs.
    """

    names: tuple[str, ...] = ()
    region: str | None = None
    keys: Path | None = None
    file: Path | None = None
    simulate: bool = False
    count: int | None = None
    source: str | None = None
    fleet: str | None = None

    @contextmanager
    def streams(
        self,
    ) -> Iterator[tuple[Chosen, Sequence[ConfigurationError]]]:
        """Yield streams of the accounts, and why those are none that are left out.

        Raises: as ``opened``.
        """
        if self.source is None:
            with self.opened() as accounts:
                yield self.usable(accounts)
            return
        with self.engine() as access:
            # Imported here, as it brings along all that a stream needs.
            from assetstream.sharing.remote_group import RemoteGroup

            fleet = access.keys.fleet
            yield RemoteGroup(url_of(self.source), self.labels, fleet=fleet), ()

    @contextmanager
    def engine(self) -> Iterator[Access]:
        """Yield the way to the engine; raises as ``opened``."""
        with usage_errors():
            self._check()
            yield reach(self.source, self.fleet, "--from")

    @property
    def labels(self) -> list[str] | None:
        """Labels in a fleet; None: all there are."""
        return [*dict.fromkeys(self.names)] or None

    @contextmanager
    def opened(self) -> Iterator[list[LabelledExchange]]:
        """Yield the accounts, at least one; simulated ones trade until the end.

        Raises:
            click.UsageError: the options contradict each other, or something is missing
                or wrong but a key; also for a ``ConfigurationError`` of the body.
        """
        from assetstream.cli.accounts import selection

        names = tuple(dict.fromkeys(self.names))
        with usage_errors():
            self._check()
            if self.simulate:
                with selection.simulated(names, self.count or 1) as accounts:
                    yield accounts
            elif self.file is not None:
                yield selection.in_file(self.file, names)
            else:
                yield selection.named(names, self.region, self.keys)

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

    def complain(self, errors: Iterable[AssetStreamError]) -> None:
        """Write errors on stderr; below a refusal of a key, how to examine the key."""
        refused = []
        for error in errors:
            complain(f"{error}")
            if isinstance(error, (AuthenticationError, PermissionDenied)):
                refused.append(error)
        if refused and not self.simulate and self.source is None:
            # Not folded: it is to be copied.
            click.echo(f"To examine the key: {self._doctor(refused)}", err=True)

    def _doctor(self, refused: Sequence[AssetStreamError]) -> str:
        """Return the command that examines the accounts of these errors."""
        from assetstream.exchanges import EXCHANGES

        if self.file is not None:
            words = ["--accounts", str(self.file), *(e.account or "" for e in refused)]
        else:
            words = [error.exchange or "" for error in refused]
            regions = [each for name in words for each in EXCHANGES[name].regions]
            if self.region in regions:
                words += ["--region", self.region]
            if self.keys is not None:
                words += ["--keys", str(self.keys)]
        return shlex.join(["assetstream", "doctor", *words])

    def _check(self) -> None:
        """Refuse options that cannot mean anything together."""
        if self.count is not None and not self.simulate:
            raise ConfigurationError("--count belongs to --simulate")
        if self.fleet is not None and self.source is None:
            raise ConfigurationError("--fleet belongs to --from")
        if self.source is not None and self.simulate:
            raise ConfigurationError("--from and --simulate exclude each other")
        for name in ("region", "keys", "file"):
            if getattr(self, name) is None:
                continue
            option = "accounts" if name == "file" else name
            if self.source is not None:
                raise ConfigurationError(
                    f"with --from there is no key here, so --{option} means nothing"
                )
            if self.simulate:
                raise ConfigurationError(
                    f"--{option} belongs to real accounts, not to --simulate"
                )
            if self.file is not None and name != "file":
                raise ConfigurationError(
                    f"with --accounts, --{name} belongs in the file's tables",
                    remedy=f'Write there {name} = "...".',
                )


@contextmanager
def usage_errors() -> Iterator[None]:
    """Make of a ``ConfigurationError`` what click shows beside the usage."""
    try:
        yield
    except ConfigurationError as exc:
        raise click.UsageError(str(exc)) from None


def reach(source: str | None, fleet: str | None, option: str) -> Access:
    """Return the way to an engine.

    Args:
        source: its URL; or ENVIRONMENT, or None.
        fleet: the name of a fleet there; None: the usual one.
        option: the one that has the URL.

    Raises:
        ConfigurationError: its URL is wrong, or has a password that everybody on this
            machine could read.
    """
    from assetstream.sharing.access import URL, Access
    from assetstream.sharing.address import read_address

    url = url_of(source)
    if url is not None and read_address(url).password:
        raise ConfigurationError(
            "a password on the command line can be read by other users of this machine",
            remedy=f"Put the URL into the variable {URL}, and write {option} "
            f"{ENVIRONMENT}.",
        )
    return Access(url, fleet or "default", None)


def url_of(source: str | None) -> str | None:
    """Return what an option says of an engine; None: the environment has its URL."""
    return None if source == ENVIRONMENT else source


def _complete_names(
    ctx: click.Context, parameter: click.Parameter, begun: str
) -> list[CompletionItem]:
    from assetstream.cli.accounts.account_file import labels_in
    from assetstream.exchanges import EXCHANGES

    file = ctx.params.get("file")
    given = ctx.params.get("names") or ()
    if ctx.params.get("source") is not None:
        return []  # nobody waits for an engine to complete a word
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
    fleet = click.option(
        "--fleet",
        metavar="NAME",
        help='With --from: the fleet of the accounts, if it is not "default".',
    )
    source = click.option(
        "--from",
        "source",
        metavar="URL",
        help=f"Take the accounts that others publish at this engine, without a key: "
        f"{URL_FORMS}",
    )
    return owning_accounts(source(fleet(command)))


def owning_accounts(command: Callable[..., None]) -> Callable[..., None]:
    """The same for a command that takes accounts of which it has the keys."""
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
