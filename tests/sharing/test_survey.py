"""Who owns which account."""

from __future__ import annotations

import pytest

from assetstream.model.errors import ProtocolError
from assetstream.model.states import State
from assetstream.sharing.address import read_address
from assetstream.sharing.engine import Engine
from assetstream.sharing.entries import VERSION, Head, SharedAccount
from assetstream.sharing.keys import Keys
from assetstream.sharing.survey import OwnedAccount, survey, table
from tests.support.engines import EngineServer
from tests.support.owners import HandOwner

NOW = 1_000_000_000


def shared(owner: str, token: int = NOW - 90_000) -> SharedAccount:
    """Return an account as the engine has it."""
    head = Head(VERSION, "upbit", owner, token, 7, State.LIVE, "read")
    return SharedAccount(head, {}, "0-0")


def test_an_owner_is_alive_while_its_lease_lasts() -> None:
    """By the engine's own time, since it has taken the account."""
    found = {"alice": shared("w1"), "bob": shared("w2"), "carol": shared("w3")}

    alice, bob, carol = table(found, NOW, {"w1": NOW - 250, "w2": NOW - 6000})

    assert alice == OwnedAccount(
        "alice", "upbit", "w1", True, 90.0, 0.25, State.LIVE, "read"
    )
    assert (bob.owner, bob.alive, bob.lag) == ("w2", False, 6.0)
    assert (carol.owner, carol.alive, carol.lag) == ("w3", False, None)


def test_an_account_may_have_no_owner() -> None:
    """It was given back, was never owned, or cannot be read."""
    error = ProtocolError("its owner writes in version 9")
    found = {"alice": shared(""), "bob": None, "carol": error}

    alice, bob, carol = table(found, NOW, {})

    assert (alice.owner, alice.since, alice.alive) == ("", None, False)
    assert bob == OwnedAccount("bob")
    assert carol.reason == error.problem


def test_no_time_is_in_the_future() -> None:
    """A token may be a little more than the time at which it was given."""
    (row,) = table({"a": shared("w1", NOW + 5)}, NOW, {"w1": NOW + 5})

    assert (row.since, row.lag, row.alive) == (0.0, 0.0, True)


@pytest.mark.programs
def test_a_fleet_is_read(server: EngineServer) -> None:
    """With one account that nobody owns."""
    with (
        HandOwner(server.url, "alice", "bob") as owner,
        Engine(read_address(server.url), Keys("default")) as engine,
    ):
        engine.enlist(["carol"])
        owner.release("bob")

        alice, bob, carol = survey(engine)

    assert (alice.owner, alice.alive, alice.state) == ("w1", True, State.LIVE)
    assert (bob.owner, carol.owner) == ("", "")
