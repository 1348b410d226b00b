"""The doctor's checks of an engine, with real ones."""

from __future__ import annotations

from typing import Any, Iterator, Sequence

import pytest

from assetstream import (
    AuthenticationError,
    ProtocolError,
    RemoteStream,
    State,
    Verdict,
)
from assetstream.doctor.report import Check, Diagnosis
from assetstream.sharing import engine, engine_checks
from assetstream.sharing.access import Access
from assetstream.sharing.engine import Followed
from assetstream.sharing.engine_checks import EngineExamination
from assetstream.sharing.entries import Pulse
from assetstream.sharing.keys import Keys
from assetstream.sharing.pulses import OwnerPulses
from assetstream.sharing.rights import reader_rights
from tests.support.engines import EngineServer
from tests.support.owners import HandOwner

pytestmark = pytest.mark.programs


@pytest.fixture
def owner(server: EngineServer) -> Iterator[HandOwner]:
    """The owner of alice, LIVE with BTC 1."""
    with HandOwner(server.url) as made:
        yield made


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a silent owner be listened to for a moment only."""
    monkeypatch.setattr(engine_checks, "LISTEN", 0.2)
    monkeypatch.setattr(engine, "BLOCK", 0.02)


def examined(url: str, account: str = "alice", **options: Any) -> Diagnosis:
    """Let a stream that was not started examine its way."""
    return RemoteStream(url, account, **options).diagnose()


class Undated(OwnerPulses):
    """Pulses that come too seldom to be dated."""

    def came(self, pulses: Sequence[Pulse], asked: float) -> None:
        pass


def check(diagnosis: Diagnosis, name: str) -> Check:
    """Return a check by its name."""
    (found,) = [each for each in diagnosis if each.name == name]
    return found


@pytest.mark.usefixtures("owner")
def test_a_good_account_is_green(server: EngineServer) -> None:
    """But for a restart, which these engines are not made to outlive."""
    diagnosis = examined(server.url)

    assert [each.name for each in diagnosis] == [
        *("Python", "libraries", "redis", "engine", "encryption", "password"),
        *("eviction", "persistence", "owner", "pulses"),
    ]
    assert diagnosis.exchange == "upbit"
    assert check(diagnosis, "engine").finding.startswith(f"{server.name} ")
    assert check(diagnosis, "owner").finding.startswith("w1 owns it, at upbit: LIVE")
    assert "1 balance" in check(diagnosis, "owner").finding
    assert "the word of w1 is" in check(diagnosis, "pulses").finding
    assert check(diagnosis, "persistence").verdict is Verdict.YELLOW
    others = {c.verdict for c in diagnosis[2:] if c.name != "persistence"}
    assert others == {Verdict.GREEN}


@pytest.mark.usefixtures("owner")
def test_how_the_engine_is_set_up_is_judged(server: EngineServer) -> None:
    """An account that is dropped, or lost at a restart, is no longer there."""
    with EngineServer(
        server.name,
        *("--appendonly", "yes", "--maxmemory", "100mb"),
        *("--maxmemory-policy", "allkeys-lru"),
    ) as other:
        diagnosis = examined(other.url)

    eviction = check(diagnosis, "eviction")
    assert eviction.verdict is Verdict.YELLOW
    assert "allkeys-lru" in eviction.finding
    assert check(diagnosis, "persistence").verdict is Verdict.GREEN


@pytest.mark.usefixtures("owner")
def test_what_a_reader_may_not_ask_is_skipped(server: EngineServer) -> None:
    """Its rights are those that it needs; another's account is refused."""
    rights = reader_rights(Keys("default"), "alice")
    server.do("ACL", "SETUSER", "reader", "reset", "on", ">s3cret", *rights)
    url = f"unix://reader:s3cret@{server.path}"

    good, bad = examined(url), examined(url, "bob")

    assert check(good, "eviction").verdict is Verdict.SKIPPED
    assert check(good, "persistence").verdict is Verdict.SKIPPED
    assert check(good, "password").finding == "the engine accepts user and password"
    assert check(good, "owner").verdict is Verdict.GREEN
    assert check(bad, "owner").verdict is Verdict.RED
    assert "does not permit" in check(bad, "owner").finding
    assert check(bad, "pulses").verdict is Verdict.SKIPPED
    assert "s3cret" not in f"{good!r}{bad!r}"


def test_a_wrong_password_is_red(server: EngineServer) -> None:
    """All that is behind it is skipped."""
    diagnosis = examined(f"unix://bob:wr0ng@{server.path}")

    assert check(diagnosis, "engine").verdict is Verdict.RED
    names = ("password", "eviction", "persistence", "owner", "pulses")
    assert {check(diagnosis, name).verdict for name in names} == {Verdict.SKIPPED}
    assert "wr0ng" not in repr(diagnosis)


def test_an_engine_that_is_not_there_is_red(server: EngineServer) -> None:
    """With what to do."""
    found = check(examined(f"{server.url}-not"), "engine")

    assert found.verdict is Verdict.RED
    assert found.remedies == (
        "Check that it runs, its address, and what lies between.",
    )


def test_an_account_that_is_not_there_is_red(
    server: EngineServer, owner: HandOwner
) -> None:
    """Those that are there are named, to whoever may know."""
    found = check(examined(server.url, "alcie"), "owner")
    assert found.verdict is Verdict.RED
    assert found.remedies == ("Check its label and the fleet's name. It has alice.",)

    rights = reader_rights(Keys("default"), "alcie")
    server.do("ACL", "SETUSER", "reader", "reset", "on", ">pw", *rights)
    found = check(examined(f"unix://reader:pw@{server.path}", "alcie"), "owner")
    assert found.remedies == ("Check its label and the fleet's name.",)


@pytest.mark.parametrize(
    ("state", "verdict"),
    [(State.STALE, Verdict.YELLOW), (State.FAILED, Verdict.RED)],
)
def test_the_owner_s_state_is_told(
    server: EngineServer, owner: HandOwner, state: State, verdict: Verdict
) -> None:
    """With its error, and what to do about that."""
    owner.state(state, "nothing heard")
    plain = check(examined(server.url), "owner")
    assert (plain.verdict, plain.remedies) == (verdict, ())
    error = AuthenticationError("the key was refused", remedy="Make another.")

    owner.state(state, "refused", error)

    found = check(examined(server.url), "owner")
    assert found.verdict is verdict
    assert found.finding.endswith("the key was refused")
    assert found.remedies == ("Make another.",)
    owner.state(state, error.problem, error)
    said = check(examined(server.url), "owner").finding
    assert said.count(error.problem) == 1


def test_an_account_without_an_owner_is_red(
    server: EngineServer, owner: HandOwner
) -> None:
    """There is nobody to listen to."""
    owner.release("alice")

    diagnosis = examined(server.url)

    assert check(diagnosis, "owner").finding == "no worker owns it"
    assert check(diagnosis, "pulses").verdict is Verdict.SKIPPED


def test_a_silent_owner_is_red(server: EngineServer, owner: HandOwner) -> None:
    """What it said before was not heard."""
    owner.fall_silent()

    found = check(examined(server.url), "pulses")

    assert found.verdict is Verdict.RED
    assert found.finding.startswith("w1 was not heard of for")


def test_an_owner_that_is_heard_of_seldom_is_yellow(
    server: EngineServer, owner: HandOwner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its word may be of any age, or is old."""
    examination = EngineExamination(Access(server.url, "default", None), None)
    assert len([*examination.engine()]) == 6
    monkeypatch.setattr(engine_checks, "LATE", -1.0)
    late = [*examination.account("alice")][1]
    assert late.verdict is Verdict.YELLOW
    assert late.remedies != ()
    # It is listened to once for all of its accounts.
    owner.fall_silent()
    assert [*examination.account("alice")][1].finding == late.finding
    examination.close()

    owner.go_on()
    monkeypatch.setattr(engine_checks, "OwnerPulses", Undated)
    seldom = check(examined(server.url), "pulses")
    assert seldom.verdict is Verdict.YELLOW
    assert "too seldom to know how old" in seldom.finding


def test_what_cannot_be_read_is_red(
    server: EngineServer, owner: HandOwner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the account, of its log, or of its owner's pulses."""
    keys = Keys("default")
    examination = EngineExamination(Access(server.url, "default", None), None)
    assert len([*examination.engine()]) == 6
    owner.fall_silent()
    server.do("XADD", keys.pulses("w1"), "*", "x", "1")
    _, pulses = examination.account("alice")
    assert "a pulse in the engine cannot be read" in pulses.finding

    odd_log = Followed({"alice": ProtocolError("no entry")}, frozenset(), {}, {})
    with monkeypatch.context() as patch:
        patch.setattr(engine.Engine, "follow", lambda self, logs, pulses: odd_log)
        other = EngineExamination(Access(server.url, "default", None), None)
        assert len([*other.engine()]) == 6
        assert [*other.account("alice")][1].finding == "no entry"
        other.close()

    server.do("HSET", keys.head("alice"), "state", "GOOD")
    odd, skipped = examination.account("alice")

    assert (odd.verdict, skipped.verdict) == (Verdict.RED, Verdict.SKIPPED)
    examination.close()


def test_without_time_nothing_is_examined(server: EngineServer) -> None:
    """Each step says so."""
    diagnosis = RemoteStream(server.url, "alice").diagnose(timeout=0)

    assert check(diagnosis, "engine").finding.startswith("not reached in time")


def test_an_engine_that_goes_away_meanwhile_is_red(server: EngineServer) -> None:
    """What is behind that is skipped."""
    with EngineServer(server.name) as dying:
        examination = EngineExamination(Access(dying.url, "default", None), None)
        checks = {}
        for each in examination.engine():
            checks[each.name] = each
            if each.name == "password":
                dying.kill()
        assert examination.accounts() == []
        examination.close()
    assert checks["eviction"].verdict is Verdict.RED
    assert checks["persistence"].verdict is Verdict.SKIPPED


@pytest.mark.parametrize(
    ("url", "encryption", "password"),
    [
        ("redis://127.0.0.1:1", Verdict.GREEN, Verdict.GREEN),
        ("redis://192.0.2.1:1", Verdict.YELLOW, Verdict.YELLOW),
        ("rediss://u:pw@127.0.0.1:1", Verdict.SKIPPED, Verdict.SKIPPED),
    ],
)
def test_the_way_is_judged_by_the_address(
    url: str, encryption: Verdict, password: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one that cannot be reached, as far as that goes."""
    monkeypatch.setattr(engine, "TIMEOUT", 0.01)

    diagnosis = examined(url)

    assert check(diagnosis, "encryption").verdict is encryption
    assert check(diagnosis, "password").verdict is password
