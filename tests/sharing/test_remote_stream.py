"""A stream whose account another process owns, with real engines."""

from __future__ import annotations

import math
import socket
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator

import pytest

from assetstream import (
    Archive,
    AssetStreamError,
    AssetUpdate,
    AuthenticationError,
    Collector,
    ConfigurationError,
    ConnectionLost,
    PermissionDenied,
    RemoteStream,
    Source,
    StaleBalance,
    State,
    StateChange,
    Stream,
    StreamStateError,
    StreamTimeout,
)
from tests.metrics.scrapes import scrape
from tests.support import certificates
from tests.support.clock import TimeMachine
from tests.support.documents import block_with
from tests.support.engines import EngineServer, tls_server
from tests.support.event_recorder import PATIENCE, EventRecorder
from tests.support.groups import wait_until
from tests.support.owners import HandOwner
from tests.support.processes import ROOT, Program

if TYPE_CHECKING:
    import trustme

pytestmark = pytest.mark.programs


@pytest.fixture
def owner(server: EngineServer) -> Iterator[HandOwner]:
    """The owner of alice, LIVE with BTC 1."""
    with HandOwner(server.url) as made:
        yield made


def remote(server: EngineServer, account: str = "alice", **options: Any) -> Stream:
    """Make a stream, typed as what all streams are."""
    return RemoteStream(server.url, account, **options)


@pytest.mark.usefixtures("owner")
def test_it_shows_what_its_owner_holds(server: EngineServer) -> None:
    """LIVE inside the block; the balances are the owner's."""
    with RemoteStream(server.url, "alice") as stream:
        assert stream.state is State.LIVE
        assert stream.exchange == "upbit"
        assert stream.balance("btc", max_age=3).available == 1
        assert stream.balance("SGD", max_age=3).total == 0
        assert 0 <= stream.balances["BTC"].age < 3
        health = stream.health()
        assert health.owner == "w1"
        assert health.lag is not None
        assert 0 <= health.lag < 3
        assert health.last_proof is not None
        assert (health.reconnects, health.audit_interval) == (0, None)
        assert "owned by w1" in repr(health)
        assert "audits" not in repr(health)

    assert stream.state is State.STOPPED
    assert stream.balances["BTC"].stale


def test_each_change_is_an_update(
    server: EngineServer, owner: HandOwner, recorder: EventRecorder
) -> None:
    """For handlers, iterators, waits and the history."""
    stream = remote(server, **recorder.handlers())
    with stream:
        with stream.expect(lambda u: u.currency == "SGD", PATIENCE) as filled:
            owner.update("SGD", "12.345678901234567890", update_id="7")
        assert filled.update.available == Decimal("12.345678901234567890")
        assert (filled.update.source, filled.update.update_id) == (Source.STREAM, "7")
        with stream.updates() as updates:
            assert {updates.get(PATIENCE).currency for _ in "ab"} == {"BTC", "SGD"}
            owner.update("BTC", "2")
            assert updates.get(PATIENCE).change == 1
        owner.update("BTC", "5")
        held = stream.wait_until(lambda b: b["BTC"].total == 5, PATIENCE)
        assert held["SGD"].available == Decimal("12.345678901234567890")
        changes = [(u.currency, u.change) for u in stream.history]
        assert changes[-2:] == [("BTC", 1), ("BTC", 3)]
        assert "BTC" in repr(stream._repr_html_())
        recorder.wait_for(lambda e: isinstance(e, AssetUpdate) and e.available == 5)

    assert recorder.states == ["CONNECTING", "LIVE", "STOPPED"]


def test_several_handlers_and_streams_follow_one_account(
    server: EngineServer, owner: HandOwner
) -> None:
    """Nobody warns: each is as good as the other."""
    recorders = [EventRecorder() for _ in "ab"]
    with remote(server, on_asset=recorders[0]), remote(server) as second:
        second.on_asset(recorders[1])
        owner.update("BTC", "9")
        for each in recorders:
            each.wait_for(lambda u: u.available == 9)


def test_v2_it_is_stale_when_its_owner_is_silent(
    server: EngineServer, owner: HandOwner, recorder: EventRecorder
) -> None:
    """``state`` at once, by whoever asks; ``on_state`` in time (V4)."""
    with (
        TimeMachine().installed() as time,
        remote(server, **recorder.handlers()) as stream,
    ):
        owner.fall_silent()
        time.jump(4.0, stream)
        assert stream.state is State.STALE
        with pytest.raises(StaleBalance):
            stream.balance("BTC", max_age=30)
        change = recorder.wait_for_state(State.STALE)
        assert change.reason == "its owner was not heard of for too long"
        assert stream.balance("BTC").available == 1

        owner.go_on()

        recorder.wait_for_state(State.LIVE, times=2)
        assert recorder.of(StateChange)[-1].gap is not None


def test_who_comes_when_the_owner_is_gone_is_told_so(
    server: EngineServer, owner: HandOwner, recorder: EventRecorder
) -> None:
    """It has given the account back, or is silent: nothing else would ever be told."""
    owner.fall_silent()
    with TimeMachine().installed() as time:
        stream = remote(server, **recorder.handlers())
        stream.start(wait=False)
        try:
            recorder.wait_for(lambda event: isinstance(event, AssetUpdate))
            time.jump(4.0, stream)
            recorder.wait_for(lambda event: "was not heard of" in str(event))
            owner.release("alice")
            recorder.wait_for(lambda event: "no worker owns it. Start" in str(event))
            assert stream.state is State.CONNECTING
            assert len(recorder.of(AssetStreamError)) == 2
        finally:
            stream.stop()


def test_o5_an_account_that_was_given_back_has_no_owner(
    server: EngineServer, owner: HandOwner, recorder: EventRecorder
) -> None:
    """At once; and LIVE again by the next one, with what changed meanwhile."""
    with remote(server, **recorder.handlers()) as stream:
        owner.release("alice")
        change = recorder.wait_for_state(State.STALE)
        assert change.reason == "no worker owns it"
        assert stream.health().owner == ""

        owner.take("alice", BTC="3")

        recorder.wait_for_state(State.LIVE, times=2)
        update = recorder.of(AssetUpdate)[-1]
        assert (update.available, update.source) == (3, Source.RECOVERED)
        gap = recorder.of(StateChange)[-1].gap
        assert gap is not None
        assert gap.recovered == 1


def test_an_owner_that_has_failed_makes_it_stale(
    server: EngineServer, owner: HandOwner, recorder: EventRecorder
) -> None:
    """With its error: an operator may mend it."""
    refused = AuthenticationError("the key was refused", remedy="Make another.")
    with remote(server, **recorder.handlers()) as stream:
        owner.state(State.FAILED, "the key was refused", refused)
        recorder.wait_for_state(State.STALE)
        assert stream.error == stream.health().error
        assert isinstance(stream.error, AuthenticationError)
        assert (stream.error.problem, stream.error.fatal) == (refused.problem, False)
        stream.raise_if_failed()

        late = remote(server)
        with pytest.raises(StreamTimeout) as caught:
            late.start(timeout=0.5)
        assert isinstance(caught.value.__cause__, AuthenticationError)
        assert late.state is State.STOPPED

        owner.reset(BTC="1")

        recorder.wait_for_state(State.LIVE, times=2)
        assert stream.error is None


def test_errors_of_the_owner_are_told(
    server: EngineServer, owner: HandOwner, recorder: EventRecorder
) -> None:
    """As what they were, and without what is the owner's alone."""
    with remote(server, **recorder.handlers()):
        owner.error(ConnectionLost("the exchange closed", code=1006))
        error = recorder.wait_for(lambda e: isinstance(e, ConnectionLost))
        assert (error.account, error.exchange, error.code) == ("alice", "upbit", 1006)


def test_a_doubt_of_the_owner_is_one_here(
    server: EngineServer, owner: HandOwner
) -> None:
    """It is no event; whoever asks is told, until it is over."""
    with remote(server) as stream:
        owner.doubts = {"alice": ("BTC",)}
        stream.wait_until(lambda held: held["BTC"].stale, PATIENCE)
        assert stream.health().doubts == {"BTC": "its owner has it in doubt"}
        with pytest.raises(StaleBalance, match="its owner has it in doubt"):
            stream.balance("BTC", max_age=30)
        owner.doubts = {}
        stream.wait_until(lambda held: not held["BTC"].stale, PATIENCE)
        assert stream.health().doubts == {}


@pytest.mark.usefixtures("owner")
def test_verify_waits_for_the_owner_s_word(server: EngineServer) -> None:
    """Composed after the call; a silent owner gives none."""
    with remote(server) as stream:
        stream.verify(PATIENCE)
        with pytest.raises(StaleBalance, match="with what REST has agreed"):
            stream.balance("BTC", verified=60)


def test_verify_of_a_silent_owner_times_out(
    server: EngineServer, owner: HandOwner
) -> None:
    """Though it is LIVE still."""
    with remote(server) as stream:
        owner.fall_silent()
        with pytest.raises(StreamTimeout):
            stream.verify(0.3)


# The engine.


def test_an_engine_that_comes_back_is_followed_again(
    server: EngineServer, recorder: EventRecorder
) -> None:
    """It lost everything; what its owner writes anew is no gap that nobody tells."""
    with EngineServer(server.name) as dying, HandOwner(dying.url) as owner:
        stream = RemoteStream(dying.url, "alice", **recorder.handlers())
        with TimeMachine().installed() as time, stream:
            owner.fall_silent()
            dying.kill()
            error = recorder.wait_for(lambda e: isinstance(e, ConnectionLost))
            assert "the engine at unix:" in error.problem
            time.jump(4.0, stream)
            assert stream.state is State.STALE
            recorder.wait_for_state(State.STALE)
            assert isinstance(stream.error, ConnectionLost)

            dying.start()
            owner.reconnect()
            owner.go_on()

            recorder.wait_for_state(State.LIVE, times=2)
            assert stream.error is None
            assert stream.health().reconnects > 0


def test_an_engine_that_is_not_there_is_waited_for(
    server: EngineServer, recorder: EventRecorder
) -> None:
    """It is no reason to fail; the error is told once."""
    with EngineServer(server.name) as late:
        late.kill()
        stream = RemoteStream(late.url, "alice", **recorder.handlers())
        stream.start(wait=False)
        recorder.wait_for(lambda e: isinstance(e, ConnectionLost))
        late.start()
        with HandOwner(late.url):
            recorder.wait_for_state(State.LIVE)
        assert stream.stop()


def test_an_engine_that_is_not_there_is_the_cause(server: EngineServer) -> None:
    """Of a start that was not LIVE in time."""
    with pytest.raises(StreamTimeout) as caught:
        RemoteStream(f"{server.url}-not", "alice").start(timeout=0.2)

    assert isinstance(caught.value.__cause__, ConnectionLost)


def test_an_account_that_nobody_has_is_waited_for(
    server: EngineServer, recorder: EventRecorder
) -> None:
    """Its owner may come later."""
    stream = remote(server, "bob", **recorder.handlers())
    with pytest.raises(StreamTimeout, match="no account of this name") as caught:
        remote(server, "bob").start(timeout=0.3)
    assert "name of its fleet" in str(caught.value.__cause__)
    stream.start(wait=False)
    with HandOwner(server.url, "bob"):
        recorder.wait_for_state(State.LIVE)
    assert stream.stop()


def test_an_engine_that_stands_still_does_not_hold_up_the_end(
    server: EngineServer,
) -> None:
    """Whatever waits for it is cancelled."""
    with EngineServer(server.name) as own, HandOwner(own.url) as owner:
        stream = RemoteStream(own.url, "alice")
        stream.start()
        owner.fall_silent()
        own.pause()
        try:
            with TimeMachine(0.0).installed():  # no time-out comes to help
                assert stream.stop(PATIENCE)
        finally:
            own.resume()


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
def test_one_that_never_answers_does_not_hold_up_the_end(scheme: str) -> None:
    """In the middle of the handshake, or of the log-in."""
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        stream = RemoteStream(f"{scheme}://u:pw@127.0.0.1:{port}", "alice")
        with TimeMachine(0.0).installed():  # no time-out comes to help
            stream.start(wait=False)
            peer, _ = silent.accept()
            with peer:
                assert peer.recv(1)
                assert stream.stop(PATIENCE)


def test_tls_is_verified(tmp_path: Path, authority: trustme.CA) -> None:
    """A certificate of another authority is refused at once, and is no passing loss."""
    import trustme

    with tls_server(tmp_path, authority) as url:
        context = certificates.trusting(authority)
        wrong = certificates.trusting(trustme.CA())
        other = RemoteStream(url, "alice", ssl_context=wrong)
        with pytest.raises(ConnectionLost, match="the certificate of 127"):
            other.start(timeout=PATIENCE)
        assert other.state is State.FAILED

        stream = RemoteStream(url, "alice", ssl_context=context)
        with HandOwner(url, ssl_context=context), stream:
            assert stream.balance("BTC").available == 1
            checks = {check.name: check for check in stream.diagnose()}
            assert checks["encryption"].finding.startswith("TLS, by a certificate")


# What is made of it.


def test_an_archive_records_it(
    server: EngineServer, owner: HandOwner, tmp_path: Path, recorder: EventRecorder
) -> None:
    """Under the exchange's name, which its owner tells."""
    stream = RemoteStream(server.url, "alice", **recorder.handlers())
    with Archive(tmp_path / "balances.db") as archive, archive.record(stream), stream:
        owner.update("BTC", "7")
        stream.wait_until(lambda held: held["BTC"].total == 7, PATIENCE)
        wait_until(lambda: len(archive.updates("alice")) == 2)
        found = [(u.exchange, u.available) for u in archive.updates("alice")]
    assert found == [("upbit", 1), ("upbit", 7)]


@pytest.mark.usefixtures("owner")
def test_it_has_metrics(server: EngineServer) -> None:
    """Before it knows its exchange, too."""
    stream = RemoteStream(server.url, "alice")
    collector = Collector(stream)
    assert scrape(collector)["accounts{exchange=,state=new}"] == 1
    with stream:
        found = scrape(collector)
    assert found["accounts{exchange=upbit,state=live}"] == 1
    assert 0 <= found["oldest_proof_seconds{exchange=upbit}"] < 3
    assert "detection_seconds{exchange=upbit}" not in found


@pytest.mark.usefixtures("owner")
def test_it_shows_itself(
    server: EngineServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """As every stream: a table, who owns it, and how it is."""
    with RemoteStream(server.url, "alice") as stream:
        stream.show()
        assert repr(stream) == "<RemoteStream alice LIVE, 1 balance>"
        assert "owned by w1, last heard of" in str(stream._repr_html_())
    shown = capsys.readouterr().out
    assert "BTC" in shown
    assert "owned by w1" in shown


def test_the_guide_s_block_runs(
    server: EngineServer, owner: HandOwner, capsys: pytest.CaptureFixture[str]
) -> None:
    """As written, but for the address."""
    owner.update("USDT", "5")
    code = block_with("place_order", "docs/how-to/sharing.md")

    exec(
        code.replace("redis://cache:6379/0", server.url),
        {"place_order": lambda: owner.update("BTC", "2")},
    )

    assert "\n5\n" in capsys.readouterr().out


def test_the_sample_acts_on_what_is_sure(
    server: EngineServer, owner: HandOwner
) -> None:
    """It asks its owner before money moves, and ends by Ctrl-C."""
    environment = {"ASSETSTREAM_ENGINE_URL": server.url}
    sample = str(ROOT / "samples" / "remote_bot.py")
    with Program(sample, "alice", environment=environment) as program:
        program.wait_for("BTC 1, at most 0.")
        owner.update("BTC", "2000000")
        program.wait_for("here a bot would order")
        program.interrupt()

        assert program.finish() == 0, program.output
    assert any(line.startswith("INFO LIVE") for line in program.err)
    assert "Traceback" not in program.output

    with Program(sample) as program:
        assert program.finish() == 1
    assert program.err == ["which account? python samples/remote_bot.py LABEL"]


# What is refused.


def test_a_wrong_password_is_refused_at_once(server: EngineServer) -> None:
    """Typed, fatal, and nowhere told."""
    server.do("ACL", "SETUSER", "eve", "reset", "on", ">right", "~*", "+@all")
    stream = RemoteStream(f"unix://eve:wr0ng@{server.path}", "alice")

    with pytest.raises(AuthenticationError, match="user or the password") as caught:
        stream.start(timeout=PATIENCE)

    assert stream.state is State.FAILED
    assert caught.value.account == "alice"
    assert "wr0ng" not in f"{caught.value}{stream!r}{stream._access!r}"
    assert caught.value.__context__ is None


def test_missing_rights_are_refused_at_once(server: EngineServer) -> None:
    """A reader of another account's."""
    server.do("ACL", "SETUSER", "bob", "reset", "on", ">pw", "%R~x", "+@all")
    stream = RemoteStream(f"unix://bob:pw@{server.path}", "alice")

    with pytest.raises(PermissionDenied, match="does not permit"):
        stream.start(timeout=PATIENCE)


def test_rights_that_are_taken_later_are_waited_for(
    server: EngineServer, recorder: EventRecorder
) -> None:
    """Whoever administers the engine may give them back."""
    server.do("ACL", "SETUSER", "carl", "reset", "on", ">pw", "~*", "+@all")
    with HandOwner(server.url):
        url = f"unix://carl:pw@{server.path}"
        with RemoteStream(url, "alice", **recorder.handlers()):
            server.do("ACL", "SETUSER", "carl", "resetkeys")
            recorder.wait_for(lambda e: isinstance(e, PermissionDenied))
            server.do("ACL", "SETUSER", "carl", "~*")
            found = len(recorder.updates)
            recorder.wait_for(lambda e: True, after=found)
    assert State.FAILED not in recorder.states


def test_the_url_may_come_from_the_environment(
    server: EngineServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a password in it, that is its best place."""
    monkeypatch.setenv("ASSETSTREAM_ENGINE_URL", server.url)
    with HandOwner(server.url), RemoteStream(None, "alice") as stream:
        assert stream.state is State.LIVE


def test_one_life(server: EngineServer) -> None:
    """As of every stream; the text names its class."""
    stream = remote(server)
    assert stream.state is State.NEW
    assert stream.stop()
    with pytest.raises(StreamStateError, match="a new RemoteStream"):
        stream.start()


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"account": ""}, "label"),
        ({"fleet": "a b"}, "fleet"),
        ({"horizon": 5}, "horizon"),
        ({"horizon": math.nan}, "horizon"),
        ({"max_pending": 0}, "max_pending"),
        ({"history": -1}, "history"),
        ({"ssl_context": 7}, "ssl_context"),
        ({"url": "http://x"}, "scheme"),
        ({"url": None}, "ASSETSTREAM_ENGINE_URL"),
        ({"url": ""}, "ASSETSTREAM_ENGINE_URL"),
        ({"on_asset": 7}, "on_asset"),
    ],
)
def test_wrong_arguments_are_refused(options: dict[str, Any], match: str) -> None:
    """Before anything runs."""
    given = {"url": "redis://localhost", "account": "alice", **options}
    with pytest.raises(ConfigurationError, match=match):
        RemoteStream(given.pop("url"), given.pop("account"), **given)
