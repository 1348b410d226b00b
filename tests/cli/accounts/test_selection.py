"""The accounts that the options select."""

from __future__ import annotations

from pathlib import Path

import pytest

from assetstream import CoinW, ConfigurationError, Upbit
from assetstream.cli.accounts.selection import in_file, named, simulated, usable
from assetstream.display.words import listed
from assetstream.exchanges import EXCHANGES
from tests.support.event_recorder import PATIENCE
from tests.support.specs import keys_of


def write_keys(folder: Path) -> Path:
    """Write a file with a pair of CoinW's keys."""
    path = folder / "keys"
    path.write_text(f"COINW_API_KEY={'x' * 36}\nCOINW_SECRET_KEY={'y' * 48}\n")
    path.chmod(0o600)
    return path


def test_exchanges_are_selected_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order is kept, keys are the environment's, a region is for Upbit alone."""
    for variable in ("UPBIT_ACCESS_KEY", "UPBIT_SECRET_KEY"):
        monkeypatch.setenv(variable, "upbit's")
    for variable in ("COINW_API_KEY", "COINW_SECRET_KEY"):
        monkeypatch.setenv(variable, "coinw's")
    coinw, upbit = named(["coinw", "upbit"], "th", None)

    assert isinstance(coinw.exchange, CoinW)
    assert isinstance(upbit.exchange, Upbit)
    assert upbit.exchange.region == "th"
    assert keys_of(coinw.exchange) == ("coinw's", "coinw's")
    assert coinw.label is upbit.label is None
    assert upbit.stream().account == upbit.stream().account != coinw.stream().account


def test_a_file_has_the_keys_of_one_exchange(tmp_path: Path) -> None:
    """The keys are for the exchange that is named."""
    (account,) = named(["coinw"], None, write_keys(tmp_path))

    assert keys_of(account.exchange) == ("x" * 36, "y" * 48)


@pytest.mark.parametrize(
    ("names", "region", "problem", "remedy"),
    [
        ([], None, "no exchange is named", f"({', '.join(EXCHANGES)})"),
        (["ftx"], None, "'ftx'", f"Known are {listed(EXCHANGES, 'and')}."),
        (["coinv"], None, "'coinv'", "Did you mean coinw?"),
        (["coinw"], "sg", "coinw has no regions", "Leave --region out."),
        (["upbit"], None, "upbit needs --region: sg, id, th or kr", ""),
        (["upbit", "gate"], None, "upbit needs --region: sg", "(--accounts) gives"),
        (["upbit", "gate"], "sg", "gate has no region 'sg'", "(--accounts) gives each"),
    ],
)
def test_what_is_missing_or_wrong_is_named(
    names: list[str], region: str | None, problem: str, remedy: str
) -> None:
    """The error has problem and remedy apart."""
    with pytest.raises(ConfigurationError) as raised:
        named(names, region, None)

    assert problem in raised.value.problem
    assert remedy in raised.value.remedy


def test_keys_of_a_file_are_for_one_exchange(tmp_path: Path) -> None:
    """Several exchanges need a file of accounts."""
    with pytest.raises(ConfigurationError, match="--accounts takes a file"):
        named(["coinw", "upbit"], "sg", write_keys(tmp_path))


def test_a_file_of_accounts_gives_labels(tmp_path: Path) -> None:
    """All accounts, or the named ones, are selected."""
    keys, path = write_keys(tmp_path), tmp_path / "accounts.toml"
    table = f'exchange = "coinw"\nkeys = "{keys.name}"\n'
    path.write_text(f"[main]\n{table}\n[savings]\n{table}")

    assert [account.label for account in in_file(path, [])] == ["main", "savings"]
    (savings,) = in_file(path, ["savings"])
    assert savings.stream().account == "savings"


def test_simulated_accounts_trade() -> None:
    """Several at one exchange are numbered; without a name every exchange has one."""
    with simulated([], 2) as accounts:
        labels = [account.label for account in accounts]
        with (
            accounts[0].stream() as stream,
            stream.expect(lambda update: bool(update.change), timeout=PATIENCE),
        ):
            pass
    with simulated(["coinw"], 1) as (alone,):
        assert alone.label is None

    assert labels == [f"{name}-{n}" for n in (1, 2) for name in EXCHANGES]
    with pytest.raises(ConfigurationError, match="mtgox"), simulated(["mtgox"], 1):
        pass


def test_an_account_without_a_key_is_left_out_of_a_file(tmp_path: Path) -> None:
    """The error names it; but whoever names accounts gets all of them, or none."""
    keys, path = write_keys(tmp_path), tmp_path / "accounts.toml"
    path.write_text(
        f'[main]\nexchange = "coinw"\nkeys = "{keys.name}"\n'
        '[savings]\nexchange = "coinw"\nkeys = "gone"\n'
    )
    accounts = in_file(path, [])
    (stream,), (error,) = usable(accounts, all_wanted=False)
    assert stream.account == "main"
    assert (error.exchange, error.account) == ("coinw", "savings")
    assert "this account is left out: " in error.problem
    assert "no such file" in error.problem
    assert error.remedy.startswith("Its path is relative")
    for wanted, named_ones in [(True, accounts), (False, accounts[1:])]:
        with pytest.raises(ConfigurationError, match="no such file"):
            usable(named_ones, all_wanted=wanted)
    assert usable(accounts[:1], all_wanted=True)[1] == []
