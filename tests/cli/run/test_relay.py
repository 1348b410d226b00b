"""A relay that is run by the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assetstream import AssetStreamError, ConfigurationError, ConnectionLost, State
from assetstream.cli.run import relay as module
from assetstream.cli.run.relay import RelayCommand, rights
from assetstream.cli.view.lines import JsonLines
from assetstream.model.events import StateChange
from assetstream.simulator.account import Account

NOWHERE = "unix:///nowhere/socket"


@pytest.fixture
def command(account: Account, monkeypatch: pytest.MonkeyPatch) -> RelayCommand:
    """A command whose relay ends by an error, after a change of state."""
    made = RelayCommand(NOWHERE, {"alice": account.exchange()}, True, None)

    def run_forever() -> None:
        made._events.put(
            StateChange("upbit", "alice", State.NEW, State.CONNECTING, "so")
        )
        raise AssetStreamError("the engine is full")

    monkeypatch.setattr(made.relay, "run_forever", run_forever)
    return made


def test_what_befalls_accounts_is_written(command: RelayCommand, capsys: Any) -> None:
    """Those that are left out first; and what has ended it is kept."""
    command.run([ConfigurationError("no key", account="bob")])

    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["account"], row["kind"]) for row in rows] == [
        ("bob", "error"),
        ("alice", "state"),
    ]
    assert [error.problem for error in command.errors] == ["the engine is full"]


def test_ctrl_c_ends_it_and_the_rest_is_written(
    command: RelayCommand, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Whatever the relay tells until it has ended."""
    shown = list[object]()
    show = JsonLines.show

    def interrupt(view: JsonLines, event: Any) -> None:
        shown.append(event)
        if len(shown) == 1:
            raise KeyboardInterrupt
        show(view, event)

    monkeypatch.setattr(JsonLines, "show", interrupt)
    monkeypatch.setattr(module, "SLICE", 0.001)
    command._events.put(ConnectionLost("lost"))

    command.run([])

    assert "CONNECTING" in capsys.readouterr().out


def test_an_archive_that_fails_is_told(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the end, if it still does."""
    file = tmp_path / "balances.db"
    made = RelayCommand(NOWHERE, {"alice": account.exchange()}, False, file)
    monkeypatch.setattr(made.relay, "run_forever", lambda: None)
    error = AssetStreamError("the disk is full")
    archive = made._archive
    assert archive is not None
    health = archive.health()
    monkeypatch.setattr(type(archive), "health", lambda self: type(health)(error=error))

    made.run([])

    assert made.errors == [error]


def test_a_fleet_that_there_cannot_be_has_no_rights() -> None:
    """Its name would be part of a pattern."""
    with pytest.raises(ConfigurationError, match="fleet must be"):
        rights("*")
