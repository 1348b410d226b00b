"""All accounts of a fleet over one connection, with real engines."""

from __future__ import annotations

from typing import Any, Iterator
from unittest.mock import Mock

import pytest

from assetstream import (
    AuthenticationError,
    ConfigurationError,
    ConnectionLost,
    Group,
    PermissionDenied,
    RemoteGroup,
    RemoteStream,
    StaleBalance,
    State,
    StateChange,
    StreamStateError,
    StreamTimeout,
)
from assetstream.sharing.keys import Keys
from assetstream.sharing.rights import reader_rights
from tests.support.documents import block_with
from tests.support.engines import EngineServer
from tests.support.event_recorder import PATIENCE, EventRecorder
from tests.support.groups import group_threads
from tests.support.owners import HandOwner

pytestmark = pytest.mark.programs


@pytest.fixture
def owner(server: EngineServer) -> Iterator[HandOwner]:
    """The owner of alice and bob, LIVE with BTC 1 each."""
    with HandOwner(server.url, "alice", "bob") as made:
        yield made


@pytest.mark.usefixtures("owner")
def test_it_shows_all_accounts_of_a_fleet(server: EngineServer) -> None:
    """By the face of every group, over one connection."""
    other = HandOwner(server.url, "eve", worker="w9", fleet="other")
    with other, RemoteGroup(server.url) as group:
        shown: Group[Any] = group
        assert [*group.streams] == ["alice", "bob"]
        assert shown.total("BTC", max_age=30) == 2
        assert group["alice"].balance("btc").available == 1
        assert isinstance(group["alice"], RemoteStream)
        assert "alice" in group
        assert group["alice"] in group
        assert len(group) == 2
        assert {s.account for s in group} == {"alice", "bob"}
        assert group.balances["bob"]["BTC"].available == 1
        health = group.health()
        assert health.states == {State.LIVE: 2}
        assert repr(group) == "<RemoteGroup 2 of 2 LIVE>"
        assert "bob" in str(group._repr_html_())
        group.verify(PATIENCE)
        clients = server.do("CLIENT", "LIST")
        assert len(clients.splitlines()) == 1 + 1 + 2  # ours, owners', this
        assert group_threads() == [
            "assetstream-group-callbacks",
            "assetstream-group-helper-1",
            "assetstream-group-reader",
        ]

    assert group_threads() == []


def test_accounts_that_are_new_appear(
    server: EngineServer, owner: HandOwner, recorder: EventRecorder
) -> None:
    """While it runs; their events come to the group's handlers."""
    carol = HandOwner(server.url, "carol", worker="w2")
    with RemoteGroup(server.url, **recorder.handlers()) as group, carol:
        change = recorder.wait_for(
            lambda e: (
                isinstance(e, StateChange)
                and (e.account, e.current) == ("carol", State.LIVE)
            )
        )
        assert change.exchange == "upbit"
        assert group["carol"].balance("BTC").available == 1
        assert len(group.health().states) == 1


def test_one_that_was_removed_stays_away(
    server: EngineServer, owner: HandOwner, recorder: EventRecorder
) -> None:
    """Until it is added again; the others go on."""
    with RemoteGroup(server.url) as group:
        assert group.remove("bob")
        with HandOwner(server.url, "carol", worker="w2"):
            group.on_state(recorder)
            recorder.wait_for(lambda e: e.account == "carol")
        assert [*group.streams] == ["alice", "carol"]

        group.add("bob")
        bob = group["bob"]
        bob.wait_until(lambda held: held["BTC"].total == 1, PATIENCE)
        with pytest.raises(ConfigurationError, match="'bob' is in the group already"):
            group.add("bob")


@pytest.mark.usefixtures("owner")
def test_a_choice_of_accounts_is_all_that_there_is(server: EngineServer) -> None:
    """It needs no right to know of others."""
    server.do(
        "ACL",
        "SETUSER",
        "reader",
        *("reset", "on", ">pw"),
        *reader_rights(Keys("default"), "bob"),
    )
    url = f"unix://reader:pw@{server.path}"
    with RemoteGroup(url, ["bob"]) as group:
        assert group.total("BTC") == 1

    with pytest.raises(PermissionDenied):
        RemoteGroup(url).start(timeout=PATIENCE)
    with pytest.raises(PermissionDenied):
        RemoteGroup(url, ["alice", "bob"]).start(timeout=PATIENCE)
    assert group_threads() == []


def test_a_fleet_without_accounts_is_waited_for(
    server: EngineServer, recorder: EventRecorder
) -> None:
    """It may have some later, whatever ``start`` has returned to."""
    with RemoteGroup(server.url, **recorder.handlers()) as group:
        assert len(group) == 0
        assert group.health().states == {}
        with HandOwner(server.url, "alice"):
            recorder.wait_for_state(State.LIVE)


def test_one_account_that_is_stale_is_no_sum(
    server: EngineServer, owner: HandOwner, recorder: EventRecorder
) -> None:
    """The others are LIVE."""
    with RemoteGroup(server.url, on_state=recorder) as group:
        owner.state(State.STALE, "nothing heard", account="bob")
        recorder.wait_for_state(State.STALE)
        with pytest.raises(StaleBalance):
            group.total("BTC", max_age=30)
        assert group.health().states == {State.LIVE: 1, State.STALE: 1}


def test_errors_of_the_connection_are_told_once(
    server: EngineServer, recorder: EventRecorder
) -> None:
    """For all accounts, in no account's name."""
    with EngineServer(server.name) as dying:
        group = RemoteGroup(dying.url, on_error=recorder)
        with HandOwner(dying.url, "alice", "bob") as owner, group:
            owner.fall_silent()
            dying.kill()
            recorder.wait_for(lambda e: isinstance(e, ConnectionLost))
            dying.start()
            owner.reconnect()
            owner.go_on()
            group.verify(PATIENCE)
    problems = [error.problem for error in recorder.events]
    assert len({*problems}) == len(problems)
    assert {error.account for error in recorder.events} == {None}


def test_an_engine_that_is_not_there_is_the_cause(server: EngineServer) -> None:
    """Of a start that knew no account in time."""
    with pytest.raises(StreamTimeout, match="which accounts there are") as caught:
        RemoteGroup(f"{server.url}-not").start(timeout=0.2)

    assert isinstance(caught.value.__cause__, ConnectionLost)
    assert group_threads() == []


def test_a_wrong_password_is_refused_at_once(
    server: EngineServer, recorder: EventRecorder
) -> None:
    """Whether accounts are known or not, and without waiting, too."""
    url = f"unix://nobody:wr0ng@{server.path}"
    for accounts in (None, ["alice"]):
        with pytest.raises(AuthenticationError) as caught:
            RemoteGroup(url, accounts).start(timeout=PATIENCE)
        assert "wr0ng" not in f"{caught.value}"
        with pytest.raises(AuthenticationError):
            RemoteGroup(url, accounts).run_forever()

    group = RemoteGroup(url, on_error=recorder)
    group.start(wait=False)
    recorder.wait_for(lambda e: isinstance(e, AuthenticationError))
    assert group.stop()


def test_a_handler_that_exits_ends_it(server: EngineServer) -> None:
    """As it would any group; here before there is an account."""

    def leave(error: object) -> None:
        raise SystemExit(3)

    group = RemoteGroup(f"{server.url}-not", on_error=leave)
    with pytest.raises(SystemExit):
        group.run_forever()
    assert group_threads() == []


@pytest.mark.usefixtures("owner")
def test_the_guide_s_block_runs(
    server: EngineServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As written, but for the address, and for its end."""
    ended = Mock()
    monkeypatch.setattr(RemoteGroup, "run_forever", ended)
    code = block_with("RemoteGroup(", "docs/how-to/sharing.md")

    exec(code.replace("redis://cache:6379/0", server.url), {})

    ended.assert_called_once()
    assert "2 <GroupHealth 2 LIVE " in capsys.readouterr().out


def test_one_life(server: EngineServer) -> None:
    """As of every group; the text names its class."""
    group = RemoteGroup(server.url)
    assert group.stop()
    with pytest.raises(StreamStateError, match="a new RemoteGroup"):
        group.start()
    with pytest.raises(StreamStateError):
        group.add("alice")


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"accounts": "alice"}, r"Pass \['alice'\]"),
        ({"accounts": []}, "no accounts were given"),
        ({"accounts": 7}, "not int"),
        ({"accounts": ["a b"]}, "label"),
        ({"accounts": ["a", "a"]}, "in the group already"),
        ({"workers": 0}, "workers"),
        ({"horizon": 0}, "horizon"),
        ({"fleet": ""}, "fleet"),
        ({"url": None}, "ASSETSTREAM_ENGINE_URL"),
    ],
)
def test_wrong_arguments_are_refused(options: dict[str, Any], match: str) -> None:
    """Before anything runs."""
    with pytest.raises(ConfigurationError, match=match):
        RemoteGroup(**{"url": "redis://localhost", **options})
