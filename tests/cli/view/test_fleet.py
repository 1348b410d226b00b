"""Who owns which account, as it is shown."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from assetstream.cli.view import fleet
from assetstream.cli.view.fleet import print_json, print_table
from assetstream.model.states import State
from assetstream.sharing.survey import OwnedAccount

ALICE = OwnedAccount("alice", "upbit", "w1", True, 90.0, 0.25, State.LIVE, "read")
BOB = OwnedAccount("bob", "coinw", "w2", False, 60.0, 7.0, State.LIVE, "read")
CAROL = OwnedAccount("carol")
DAVE = OwnedAccount("dave", "coinw", "w1", True, 9.0, 0.2, State.STALE, "no pong")


def test_a_table_begins_with_those_without_an_owner(capsys: Any) -> None:
    """A reason stands where one is needed."""
    print_table([ALICE, BOB, CAROL, DAVE])

    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == [
        *("Account", "Exchange", "Owner", "Since", "Heard", "of", "State", "Reason")
    ]
    assert [" ".join(row.split()) for row in rows] == [
        "bob coinw w2 (gone) 1 min 7 s ago LIVE read",
        "carol nobody no worker has ever owned it",
        "alice upbit w1 1 min 30 s 250 ms ago LIVE",
        "dave coinw w1 9 s 200 ms ago STALE no pong",
    ]


def test_nothing_is_no_table(capsys: Any) -> None:
    """Not even its head."""
    print_table([])

    assert capsys.readouterr().out == ""


def test_a_terminal_has_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong is red."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100, _environ={})
    monkeypatch.setattr(fleet, "terminal", lambda: console)

    print_table([CAROL])

    assert "\x1b[31mnobody" in out.getvalue()


def test_json_is_an_object_for_each(capsys: Any) -> None:
    """Durations in seconds."""
    print_json([ALICE, CAROL])

    alice, carol = map(json.loads, capsys.readouterr().out.splitlines())
    assert alice == {
        "account": "alice",
        "exchange": "upbit",
        "owner": "w1",
        "alive": True,
        "since": 90.0,
        "lag": 0.25,
        "state": "LIVE",
        "reason": "read",
    }
    assert (carol["state"], carol["since"], carol["lag"]) == (None, None, None)
