"""``assetstream balances``: the present balances of accounts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assetstream.cli.main import assetstream
from assetstream.simulator import Account, Simulator
from tests.support.terminal import Terminal

pytestmark = pytest.mark.usefixtures("no_rate_limits")


class Balances:
    """The command, run in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.out: list[str] = []
        self.err: list[str] = []

    def __call__(self, *arguments: str, expect: int = 0) -> list[str]:
        """Return the lines of standard output."""
        with pytest.raises(SystemExit) as ended:
            assetstream(["balances", *arguments])
        written = self._capsys.readouterr()
        self.out, self.err = written.out.splitlines(), written.err.splitlines()
        assert ended.value.code == expect, written
        return self.out


@pytest.fixture
def balances(capsys: pytest.CaptureFixture[str]) -> Balances:
    """Return the command, to be called with arguments."""
    return Balances(capsys)


@pytest.fixture
def file(exchange: Simulator, tmp_path: Path) -> Path:
    """Write a file of three accounts: two good ones, and one that may not view."""
    accounts: dict[str, Account] = {
        "main": exchange.upbit({"BTC": "0.1", "SGD": "12.50"}),
        "savings": exchange.coinw({"BTC": "0.20", "SHIB": "0.000000000000000001"}),
        "closed": exchange.upbit({"BTC": "7"}, permissions=[]),
    }
    accounts["main"].place_order(pay="SGD", amount="2.50", receive="BTC")
    text = ""
    for label, account in accounts.items():
        keys = tmp_path / f"{label}.keys"
        variables = account.environment().items()
        keys.write_text("".join(f"{name}={value}\n" for name, value in variables))
        keys.chmod(0o600)
        text += f'[{label}]\nexchange = "{account.name}"\nkeys = "{label}.keys"\n'
        text += 'region = "sg"\n' if account.name == "upbit" else ""
    path = tmp_path / "accounts.toml"
    path.write_text(text)
    return path


def test_a_pipe_gets_columns(file: Path, balances: Balances) -> None:
    """Rows are complete with every digit, and sums are below."""
    lines = balances("--accounts", str(file), "main", "savings")

    assert balances.err == []
    assert [line.split() for line in lines] == [
        ["Account", "Currency", "Available", "Locked", "Total"],
        ["main", "BTC", "0.1", "0", "0.1"],
        ["main", "SGD", "10", "2.5", "12.5"],
        ["savings", "BTC", "0.2", "0", "0.2"],
        ["savings", "SHIB", "0.000000000000000001", "0", "0.000000000000000001"],
        ["all", "2", "BTC", "0.3", "0", "0.3"],
        ["all", "2", "SGD", "10", "2.5", "12.5"],
        ["all", "2", "SHIB", "0.000000000000000001", "0", "0.000000000000000001"],
    ]


def test_one_that_cannot_be_read_does_not_hide_the_others(
    file: Path, balances: Balances
) -> None:
    """The error is on stderr, the exit code is 1, and no key is shown."""
    printed = "\n".join(balances("--accounts", str(file), expect=1))

    assert "savings  BTC" in printed
    (btc,) = [line for line in printed.splitlines() if line.startswith("2 of 3   BTC")]
    assert btc.split()[4:] == ["0.3", "0", "0.3"]
    error, remedy = balances.err
    assert error.startswith("Error: closed: Upbit refused")
    assert remedy.endswith(f"assetstream doctor --accounts {file} closed")
    for keys in file.parent.glob("*.keys"):
        for line in keys.read_text().splitlines()[:2]:
            assert line.partition("=")[2] not in printed + error


def test_json_is_one_object_for_each_account(file: Path, balances: Balances) -> None:
    """Amounts are strings; errors and sums have their own objects."""
    lines = balances("--accounts", str(file), "--json", expect=1)

    rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
    main, savings, error, total = rows
    assert (main["kind"], main["account"], main["exchange"]) == (
        "account",
        "main",
        "upbit",
    )
    assert main["balances"]["SGD"] == {
        "available": "10",
        "locked": "2.5",
        "total": "12.5",
        "stale": False,
    }
    assert savings["balances"]["SHIB"]["total"] == "0.000000000000000001"
    assert (error["kind"], error["account"]) == ("error", "closed")
    assert (total["kind"], total["accounts"]) == ("total", 2)
    assert total["missing"] == ["closed"]
    assert total["balances"]["BTC"]["total"] == "0.3"


def test_one_account_has_no_sums(
    exchange: Simulator, balances: Balances, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty account is reported as empty."""
    for name, value in exchange.coinw({"USDT": "0"}).environment().items():
        monkeypatch.setenv(name, value)

    (header, row) = balances("coinw")
    assert header.split()[:2] == ["Account", "Currency"]
    assert row.split()[1:] == ["nothing"]
    (account,) = map(json.loads, balances("coinw", "--json"))
    assert account["balances"] == {}


def test_a_spinner_turns_on_a_terminal_and_is_taken_away() -> None:
    """The spinner counts accounts; only the table stays."""
    command = ("-m", "assetstream.cli", "balances", "upbit", "coinw", "--simulate")
    with Terminal(80, 24, *command) as terminal:
        assert terminal.finish() == 0

        assert "connecting" in terminal.written
        assert "connecting" not in terminal.written.rpartition("Currency")[2]
        assert any(line == "all 2 accounts together" for line in terminal.lines)


def test_an_account_without_a_key_is_left_out_and_missing_in_the_sums(
    balances: Balances, file: Path
) -> None:
    """The others are shown; the exit code, stderr and the sums tell of it."""
    (file.parent / "savings.keys").unlink()
    rows = [
        json.loads(line)
        for line in balances("--accounts", str(file), "--json", expect=1)
    ]
    errors = {row["account"]: row for row in rows if row["kind"] == "error"}
    assert set(errors) == {"closed", "savings"}
    assert "left out" in errors["savings"]["message"]
    assert "no such file" in str(balances.err)

    balances("--accounts", str(file), "main", "savings", expect=2)
    assert balances.out == []
    assert "no such file" in str(balances.err)
