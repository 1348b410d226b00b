"""The options by which every command selects accounts."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from assetstream import AssetStream
from assetstream.cli.accounts.options import AccountOptions, choosing_accounts
from assetstream.display.words import listed
from assetstream.exchanges import EXCHANGES
from assetstream.model.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionLost,
)
from tests.support.specs import keys_of

ENVIRONMENT: dict[str, str | None] = {
    "UPBIT_ACCESS_KEY": "a" * 40,
    "UPBIT_SECRET_KEY": "b" * 40,
    "UPBIT_WS_URL": None,
    "UPBIT_REST_URL": None,
    "COINW_API_KEY": "c" * 36,
    "COINW_SECRET_KEY": "d" * 48,
    "COINW_WS_URL": None,
    "COINW_REST_URL": None,
}


@click.command()
@choosing_accounts
def show(choice: AccountOptions) -> None:
    """Print the selected accounts."""
    with choice.opened() as accounts:
        for account in accounts:
            assert isinstance(account.stream(), AssetStream)
            where = getattr(account.exchange, "region", "everywhere")
            click.echo(f"{account.label} {account.exchange.name} {where}")


def run(*arguments: str, expect: int = 0) -> list[str]:
    """Return the lines that the command prints."""
    result = CliRunner().invoke(show, arguments, env=ENVIRONMENT)
    assert result.exit_code == expect, result.output
    return result.output.splitlines()


def test_named_exchanges_take_the_keys_of_the_environment() -> None:
    """Each exchange comes once, in the order of the command line."""
    assert run("coinw", "upbit", "coinw", "--region", "id") == [
        "None coinw everywhere",
        "None upbit id",
    ]


def test_one_exchange_takes_the_keys_of_a_file(tmp_path: Path) -> None:
    """The environment's keys are not needed."""
    path = tmp_path / "my keys"
    path.write_text(f"COINW_API_KEY={'x' * 36}\nCOINW_SECRET_KEY={'y' * 48}\n")
    path.chmod(0o600)
    with AccountOptions(("coinw",), keys=path).opened() as (account,):
        assert keys_of(account.exchange) == ("x" * 36, "y" * 48)

    assert run("coinw", "--keys", str(path)) == ["None coinw everywhere"]


def test_a_file_gives_accounts_with_labels(tmp_path: Path) -> None:
    """All accounts, or the named ones, have the file's labels."""
    path = tmp_path / "accounts.toml"
    path.write_text('[a]\nexchange="coinw"\n[b]\nexchange="upbit"\nregion="kr"\n')

    assert run("--accounts", str(path)) == ["a coinw everywhere", "b upbit kr"]
    assert run("--accounts", str(path), "b") == ["b upbit kr"]


def test_simulated_accounts_are_labelled_by_number() -> None:
    """Each named exchange, or every one, has that many accounts."""
    assert run("--simulate", "upbit") == ["None upbit sg"]
    assert run("--simulate", "upbit", "coinw", "--count", "2") == [
        "upbit-1 upbit sg",
        "coinw-1 coinw everywhere",
        "upbit-2 upbit sg",
        "coinw-2 coinw everywhere",
    ]
    assert [line.split()[1] for line in run("--simulate")] == [*EXCHANGES]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], f"Say which exchange ({', '.join(EXCHANGES)}), name a file"),
        (["upbti", "--region", "sg"], "no exchange is called 'upbti'. Did you mean up"),
        (["ftx"], f"Known are {listed(EXCHANGES, 'and')}."),
        (["upbit"], "upbit needs --region: sg, id, th or kr"),
        (["upbit", "--region", "mars"], "'sg', 'id', 'th', 'kr', not 'mars'"),
        (["coinw", "--region", "sg"], "coinw has no regions"),
        (["coinw", "--count", "3"], "--count belongs to --simulate"),
        (["coinw", "upbit", "--region", "sg", "--keys", "k"], "--keys is for one exch"),
        (
            ["--accounts", "a", "--region", "sg"],
            'file\'s tables. Write there region = "..."',
        ),
        (
            ["--accounts", "a", "--keys", "k"],
            'file\'s tables. Write there keys = "..."',
        ),
        (["--accounts", "a"], "the file of accounts a cannot be read"),
        (["--simulate", "--region", "sg"], "--region belongs to real accounts"),
        (["--simulate", "--keys", "k"], "--keys belongs to real accounts"),
        (["--simulate", "--accounts", "a"], "--accounts belongs to real accounts"),
        (["--simulate", "--count", "0"], "0 is not in the range"),
        (["--simulate", "mtgox"], "no exchange is called 'mtgox'"),
    ],
)
def test_wrong_usage_is_explained_with_exit_code_2(
    arguments: list[str], message: str
) -> None:
    """The message names what is missing, wrong or too much."""
    *_, last = run(*arguments, expect=2)

    assert last.startswith("Error: ")
    assert message in last


@pytest.mark.parametrize(
    ("choice", "command"),
    [
        (AccountOptions(("upbit",), "sg"), "upbit --region sg"),
        # A region that the doctor would refuse is left out.
        (AccountOptions(("gate", "upbit"), "kr"), "upbit --region kr"),
        (AccountOptions(("bithumb", "upbit"), "x"), "upbit"),
        (
            AccountOptions(("upbit",), "sg", Path("a key")),
            "upbit --region sg --keys 'a",
        ),
        (AccountOptions((), file=Path("a.toml")), "--accounts a.toml main"),
        (AccountOptions(simulate=True), None),
        (AccountOptions(source="env"), None),
    ],
)
def test_a_refused_key_leads_to_the_doctor(
    choice: AccountOptions, command: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the same options; but no other error does, and none of a key elsewhere."""
    about = {"exchange": "upbit", "account": "main"}
    lost = ConnectionLost("gone", **about)
    choice.complain([lost])
    assert capsys.readouterr().err == f"Error: {lost}\n"

    choice.complain([lost, AuthenticationError("no", **about)])

    _, refusal, *more = capsys.readouterr().err.splitlines()
    assert refusal == "Error: main: no"
    examine = f"To examine the key: assetstream doctor {command}"
    assert len(more) == (command is not None)
    assert all(line.startswith(examine) for line in more)


def test_an_error_of_the_body_is_wrong_usage_too() -> None:
    """Two streams cannot have one label."""
    with (
        pytest.raises(click.UsageError, match="twice"),
        AccountOptions(("coinw",), simulate=True).opened(),
    ):
        raise ConfigurationError("twice")
