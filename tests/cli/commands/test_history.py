"""``assetstream history``: questions to an archive."""

from __future__ import annotations

import csv
import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from assetstream import Archive, AssetStream
from assetstream.cli.main import assetstream
from assetstream.simulator import Simulator
from tests.support.event_recorder import PATIENCE


class Recorded:
    """An archive of two runs, and the command."""

    def __init__(
        self, path: Path, exchange: Simulator, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.path, self._capsys = path, capsys
        self.err = ""
        account = exchange.upbit({"SGD": "10", "BTC": "1"})
        for run in range(2):
            stream = AssetStream(account.exchange(), account="main")
            with Archive(path) as archive, stream:
                archive.record(stream)
                with stream.expect(lambda u: u.currency == "SGD", PATIENCE):
                    account.deposit("SGD", 1)
                if not run:
                    self.between = datetime.now(timezone.utc)
            account.withdraw("BTC", 1) if not run else None

    def ask(self, *arguments: str, expect: int = 0) -> list[str]:
        """Return the lines of standard output."""
        with pytest.raises(SystemExit) as ended:
            assetstream(["history", str(self.path), *arguments])
        written = self._capsys.readouterr()
        self.err = written.err
        assert ended.value.code == expect, written
        return written.out.splitlines()

    def objects(self, *arguments: str) -> list[dict[str, Any]]:
        """Return the objects of standard output."""
        return [json.loads(line) for line in self.ask(*arguments, "--json")]


@pytest.fixture
def recorded(
    tmp_path: Path,
    exchange: Simulator,
    capsys: pytest.CaptureFixture[str],
    no_rate_limits: None,
) -> Recorded:
    """An account with two runs, between which its BTC went away."""
    return Recorded(tmp_path / "balances.db", exchange, capsys)


def test_it_tells_what_was_held(recorded: Recorded) -> None:
    """As a table, as JSON, and as rows."""
    at = recorded.between.isoformat()

    assert [line.split() for line in recorded.ask("--at", at)] == [
        ["Account", "Currency", "Available", "Locked", "Total"],
        ["main", "BTC", "1", "0", "1"],
        ["main", "SGD", "11", "0", "11"],
    ]
    (found,) = recorded.objects("--at", at, "--account", "main")
    assert found["kind"] == "account"
    assert found["time"] == at[:23] + "Z"
    assert found["balances"]["SGD"]["total"] == "11"
    rows = list(csv.DictReader(recorded.ask("--at", at, "--csv")))
    assert [(row["currency"], row["available"]) for row in rows] == [
        *(("BTC", "1"), ("SGD", "11"))
    ]


def test_it_says_what_it_does_not_know(recorded: Recorded) -> None:
    """And tells the last that was known, if asked for."""
    now = datetime.now(timezone.utc).isoformat()

    assert recorded.ask("--at", now, expect=1) == []
    assert "it was STOPPED since" in recorded.err
    assert recorded.err.endswith(" --last-known tells the last before it.\n")
    (found,) = recorded.objects("--at", now, "--last-known")
    assert found["balances"].keys() == {"SGD"}


def test_it_tells_what_changed_while_nothing_recorded(recorded: Recorded) -> None:
    """The gap, and what was found at its end."""
    gap, update = recorded.objects("--since-last-run")

    assert (gap["kind"], gap["recovered"]) == ("gap", 1)
    assert (update["currency"], update["change"]) == ("BTC", "-1")
    assert update["source"] == "RECOVERED"
    plain = recorded.ask("--since-last-run")
    assert plain[0].endswith("after which 1 balance had changed")
    assert "BTC  available 0 " in plain[1]


def test_it_tells_all_updates(recorded: Recorded) -> None:
    """Or those of a time, or of a currency."""
    kinds = [each["kind"] for each in recorded.objects()]
    assert kinds.count("gap") == 1
    assert kinds.count("update") == 6
    of_sgd = recorded.objects("--currency", "sgd")
    amounts = [each["available"] for each in of_sgd if each["kind"] == "update"]
    assert amounts == ["10", "11", "11", "12"]
    until = recorded.between.isoformat()
    rows = list(csv.DictReader(recorded.ask("--until", until, "--csv")))
    assert [row["available"] for row in rows if row["currency"] == "SGD"] == [
        *("10", "11")
    ]
    assert recorded.ask("--since", until)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--at", "noon"], "'--at': 'noon' is no time in ISO 8601; write \"20"),
        (["--since", "noon"], "Invalid value for '--since'"),
        (["--until", "noon"], "Invalid value for '--until'"),
        (["--at", "2026-01-01", "--since-last-run"], "ask one"),
        (["--since", "2026-01-01", "--since-last-run"], "ask one"),
        (["--last-known"], "--last-known is about --at"),
        (["--json", "--csv"], "exclude each other"),
        (["--account", "eve"], "no account 'eve'"),
        (["--currency", "a b"], "is no currency"),
    ],
)
def test_wrong_usage_ends_with_2(
    recorded: Recorded, arguments: list[str], words: str
) -> None:
    """The text says what is wrong."""
    assert recorded.ask(*arguments, expect=2) == []
    assert words in recorded.err


def test_a_file_that_is_none_ends_with_2(recorded: Recorded) -> None:
    """Missing, or another program's."""
    recorded.path.write_text("no database")
    recorded.ask(expect=2)
    assert "is no archive of assetstream. Name another file." in recorded.err
    recorded.path = recorded.path.with_name("gone.db")
    recorded.ask(expect=2)
    assert "there is no archive" in recorded.err
    assert "one is made by assetstream watch --archive." in recorded.err
