"""The owner of accounts, with real engines and simulated exchanges."""

from __future__ import annotations

import json
import logging
import os
import pickle
import signal
import threading
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from assetstream import (
    AssetStreamError,
    AuthenticationError,
    CoinW,
    ConfigurationError,
    ConnectionLost,
    PermissionDenied,
    Relay,
    RemoteGroup,
    RemoteStream,
    Source,
    State,
    StateChange,
    StreamStateError,
    StreamTimeout,
    Upbit,
)
from assetstream.sharing.address import read_address
from assetstream.sharing.engine import Engine
from assetstream.sharing.entries import ResetEntry, SharedAccount
from assetstream.sharing.keys import Keys
from assetstream.sharing.pulses import LEASE
from assetstream.sharing.relay_machine import STRICT
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from tests.support.balances import known_balances, true_balances
from tests.support.clock import TimeMachine
from tests.support.documents import block_with
from tests.support.engines import EngineServer
from tests.support.event_recorder import PATIENCE, EventRecorder
from tests.support.groups import wait_until
from tests.support.leak_detector import LeakDetector
from tests.support.owners import HandOwner
from tests.support.processes import ROOT, Program

programs = pytest.mark.programs
pytestmark = pytest.mark.usefixtures("no_rate_limits")

#: Where nobody listens.
NOWHERE = "unix:///nowhere/socket"


def upbit(key: str = "a") -> Upbit:
    """Make an exchange of no account."""
    return Upbit(key * 40, "s" * 40, region="sg")


def exchanges(accounts: dict[str, Account]) -> dict[str, Any]:
    """Return the exchanges of accounts."""
    return {label: account.exchange() for label, account in accounts.items()}


@pytest.fixture
def account(exchange: Simulator) -> Account:
    """An account with BTC 1 and USDT 1000; which exchange's is nothing to a relay."""
    return exchange.upbit({"BTC": "1", "USDT": "1000"})


@pytest.fixture
def relay(server: EngineServer, accounts: dict[str, Account]) -> Iterator[Relay]:
    """One that owns four accounts on each exchange, all of them LIVE."""
    with Relay(server.url, exchanges(accounts)) as relay:
        wait_until(lambda: relay.health().streams.states == {State.LIVE: 8})
        yield relay


# Arguments.


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"url": "http://cache"}, "scheme"),
        ({"url": 7}, "must be a text"),
        ({"fleet": "a b"}, "fleet must be"),
        ({"accounts": {}}, "not an empty one"),
        ({"accounts": [upbit()]}, "not list"),
        ({"accounts": {"": upbit()}}, "the label"),
        ({"accounts": {"a b": upbit()}}, "the label"),
        ({"accounts": {"alice": Upbit}}, "must be an exchange object"),
        ({"accounts": {"alice": upbit(), "bob": upbit()}}, "'bob' has the key"),
        ({"capacity": 0}, "capacity must be"),
        ({"capacity": True}, "capacity must be"),
        ({"keep": 0}, "keep must be"),
        ({"keep": 2.5}, "keep must be"),
        ({"hold": 1.0}, "hold must be"),
        ({"hold": True}, "hold must be"),
        ({"hold": float("nan")}, "hold must be"),
        ({"hold": "lax"}, "hold must be"),
        ({"share": 0}, "share must be"),
        ({"share": 1.1}, "share must be"),
        ({"share": "1"}, "share must be"),
        ({"share": True}, "share must be"),
        ({"on_error": "x"}, "on_error must be"),
        ({"on_state": lambda: None}, "on_state cannot be called"),
        ({"max_pending": 0}, "max_pending must be"),
        ({"proxy": "x"}, "proxy"),
    ],
)
def test_bad_arguments_are_refused(change: dict[str, Any], words: str) -> None:
    """At once, in clear words, before anything is begun."""
    given: dict[str, Any] = {"url": NOWHERE, "accounts": {"alice": upbit()}, **change}

    with pytest.raises(ConfigurationError, match=words):
        Relay(given.pop("url"), given.pop("accounts"), **given)


def test_an_option_that_no_stream_has_is_refused() -> None:
    """A misspelt one would else be lost."""
    with pytest.raises(TypeError, match="audit_intervall"):
        Relay(NOWHERE, {"alice": upbit()}, audit_intervall=5)


@pytest.mark.parametrize("adapter", [Upbit, CoinW])
def test_a_share_is_of_the_limits_of_a_place(adapter: Any) -> None:
    """So that the workers of one address keep the limits together."""
    region = {"region": "sg"} if adapter is Upbit else {}
    exchange = adapter("k" * 40, "s" * 40, **region)
    relay = Relay(NOWHERE, {"alice": exchange}, share=0.5)
    limits, parts = exchange.limits, relay._exchanges["alice"].limits
    relay.stop()

    assert parts.connects_together == limits.connects_together.part(0.5)
    assert parts.reads_together == limits.reads_together.part(0.5)
    assert parts.connects == limits.connects
    assert parts.ping_interval == limits.ping_interval


def test_one_that_was_not_started_says_so() -> None:
    """It has no figures yet, and no secret in its name."""
    relay = Relay(NOWHERE, {"alice": upbit(), "bob": CoinW("k" * 40, "s" * 40)})

    health = relay.health()

    assert (health.accounts, health.owned, health.engine) == (2, 0, "")
    assert health.pulse_age is None
    assert health.to_dict()["streams"]
    assert relay.worker in repr(relay)
    assert "not connected to its engine" in repr(relay)
    assert "aaaa" not in repr(relay)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(relay)
    assert relay.stop()
    with pytest.raises(StreamStateError, match="was stopped"):
        relay.start()


# The engine.


@programs
def test_the_shortest_program_runs(server: EngineServer, account: Account) -> None:
    """As it stands in the documents."""
    code = block_with("run_forever", "assetstream.Relay")
    made: list[Relay] = []

    def make(url: str, accounts: dict[str, Any]) -> Relay:
        assert url == "redis://cache:6379/0"
        made.append(Relay(server.url, accounts))
        return made[0]

    names = {"Relay": make, "Upbit": lambda region: account.exchange()}
    thread = threading.Thread(target=exec, args=(code, names))
    thread.start()
    wait_until(lambda: made and made[0].health().streams.states == {State.LIVE: 1})
    made[0].stop()
    thread.join(PATIENCE)


@programs
def test_the_guide_s_program_runs(
    server: EngineServer, exchange: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it stands in the documents."""
    code = block_with("Relay(", "docs/how-to/sharing.md")
    one = exchange.upbit({"BTC": "1"}).exchange()
    other = exchange.coinw({"BTC": "1"}).exchange()
    made: list[Relay] = []

    def make(url: str, accounts: dict[str, Any]) -> Relay:
        assert (url, list(accounts)) == ("redis://cache:6379/0", ["alice", "bob"])
        made.append(Relay(server.url, accounts))
        return made[0]

    monkeypatch.setattr("assetstream.Relay", make, raising=False)
    monkeypatch.setattr("assetstream.Upbit", lambda region: one, raising=False)
    monkeypatch.setattr("assetstream.CoinW", lambda: other, raising=False)
    thread = threading.Thread(target=exec, args=(code, {}))
    thread.start()
    wait_until(lambda: made and made[0].health().streams.states == {State.LIVE: 2})
    made[0].stop()
    thread.join(PATIENCE)


@programs
def test_accounts_are_owned_and_shown(
    server: EngineServer, relay: Relay, accounts: dict[str, Account]
) -> None:
    """Readers hold what the exchanges hold, and need no key."""
    with RemoteGroup(server.url) as group:
        wait_until(lambda: len(group) == 8)
        for label, account in accounts.items():
            group[label].wait_until(lambda b: True, PATIENCE)
            assert known_balances(group[label]) == true_balances(account)
    health = relay.health()
    assert (health.owned, health.workers, health.resets) == (8, 1, 8)
    assert health.engine.startswith(server.name)
    assert health.error is None
    assert health.pulse_age is not None
    assert (health.fenced, health.takeovers) == (0, 0)
    assert "owns 8 of 8 accounts" in repr(relay)
    assert set(relay.group.streams) == set(accounts)


@programs
@pytest.mark.usefixtures("relay")
def test_changes_are_followed(
    server: EngineServer, accounts: dict[str, Account]
) -> None:
    """In their order, as what they are."""
    recorder = EventRecorder()
    with RemoteStream(server.url, "upbit-0", on_asset=recorder):
        for amount in ("1", "2", "3"):
            accounts["upbit-0"].deposit("BTC", amount)
        recorder.wait_for(lambda u: u.available == 7)

    pushed = [u for u in recorder.updates if u.source is Source.STREAM]
    assert [u.available for u in pushed] == [2, 4, 7]
    assert all(u.update_id and u.time for u in pushed)


@programs
def test_what_befalls_a_stream_is_told(
    server: EngineServer, exchange: Simulator, accounts: dict[str, Account]
) -> None:
    """STALE with its error, and LIVE with the gap."""
    label, recorder, errors = "upbit-0", EventRecorder(), EventRecorder()
    with (
        Relay(
            server.url,
            {label: accounts[label].exchange()},
            on_error=errors,
            on_state=errors,
        ),
        RemoteStream(server.url, label, **recorder.handlers()),
    ):
        with exchange.refuse_upgrades(503):
            exchange.drop_connections()
            recorder.wait_for_state(State.STALE)
            error = recorder.wait_for(lambda e: isinstance(e, AssetStreamError))
        change = recorder.wait_for_state(State.LIVE, times=2)

    assert error.account == label
    assert change.gap is not None
    assert errors.states[:4] == ["CONNECTING", "LIVE", "STALE", "LIVE"]
    assert errors.of(AssetStreamError)


@programs
def test_o5_a_relay_that_stops_gives_everything_back(
    server: EngineServer, accounts: dict[str, Account]
) -> None:
    """Readers see it at once, and another one takes it at once."""
    first, second = (Relay(server.url, exchanges(accounts)) for _ in "ab")
    recorder = EventRecorder()
    with first, RemoteStream(server.url, "coinw-0", on_state=recorder), second:
        wait_until(lambda: first.health().owned == 8)
        assert second.health().owned == 0
        assert first.stop()
        recorder.wait_for_state(State.STALE)
        recorder.wait_for_state(State.LIVE, times=2)

        wait_until(lambda: second.health().owned == 8)
        assert second.health().takeovers == 0
        assert "ended" in repr(first)
    assert not [t for t in threading.enumerate() if "assetstream-relay" in t.name]


@programs
def test_o1_a_worker_that_dies_is_followed_by_another(
    server: EngineServer, account: Account, time_machine: TimeMachine
) -> None:
    """When its lease has run out."""
    keys, exchange = Keys("default"), account.exchange()
    key = f"{exchange.name}-{exchange.fingerprint}"
    with HandOwner(server.url, "alice") as owner:
        owner.fall_silent()
        server.do("HSET", keys.head("alice"), "key", key)
        with Relay(server.url, {"alice": exchange}) as relay:
            wait_until(lambda: relay.health().workers == 2)
            server.do("DEL", keys.lease("w1"))
            time_machine.jump(LEASE + 1.0)
            with RemoteStream(server.url, "alice") as stream:
                assert relay.health().takeovers == 1
                assert stream.health().owner == relay.worker
                assert known_balances(stream) == true_balances(account)


@programs
def test_o2_a_worker_that_was_fenced_lets_go(
    server: EngineServer, relay: Relay, accounts: dict[str, Account]
) -> None:
    """At its first write: another one has it."""
    server.do("SET", Keys("default").lease("w9"), "1")
    server.do("HSET", Keys("default").head("upbit-0"), "owner", "w9", "token", 10**15)
    accounts["upbit-0"].deposit("BTC", "1")

    wait_until(lambda: relay.health().fenced == 1)
    wait_until(lambda: "upbit-0" not in relay.group)
    assert relay.health().owned == 7


@programs
def test_p3_an_engine_that_restarts_moves_nothing(
    server: EngineServer, relay: Relay, accounts: dict[str, Account]
) -> None:
    """What it has lost is written anew; no stream ends, and each has what it missed."""
    kept = dict(relay.group.streams)
    with RemoteStream(server.url, "upbit-0") as stream:
        server.kill()
        accounts["upbit-0"].deposit("BTC", "6")
        wait_until(lambda: relay.health().error is not None)
        assert relay.health().engine == ""
        server.start()

        held = stream.wait_until(lambda b: b["BTC"].total == 7, PATIENCE)
        assert held["BTC"].available == 7
    wait_until(lambda: relay.health().owned == 8)
    assert dict(relay.group.streams) == kept
    assert relay.health().error is None
    assert relay.health().resets >= 16


@programs
def test_o3_streams_end_when_the_engine_stays_away(
    server: EngineServer, account: Account, time_machine: TimeMachine
) -> None:
    """And begin anew when it is there again."""
    recorder = EventRecorder()
    with Relay(
        server.url, {"alice": account.exchange()}, hold="strict", on_state=recorder
    ) as relay:
        recorder.wait_for_state(State.LIVE)
        server.kill()
        wait_until(lambda: relay.health().error is not None)
        time_machine.jump(STRICT, *relay.group)
        change = recorder.wait_for_state(State.STOPPED)
        assert "cut off" in change.reason
        server.start()
        recorder.wait_for_state(State.LIVE, times=2)


@programs
def test_a_relay_waits_for_an_engine_that_is_not_there_yet(
    server: EngineServer, account: Account
) -> None:
    """One error tells why."""
    server.kill()
    errors = EventRecorder()
    relay = Relay(server.url, {"alice": account.exchange()}, on_error=errors)
    relay.start(wait=False)
    errors.wait_for(lambda e: isinstance(e, ConnectionLost))
    server.start()

    wait_until(lambda: relay.health().owned == 1)
    assert relay.stop()
    assert len(errors.of(ConnectionLost)) == 1


def test_start_waits_for_the_engine_and_no_longer() -> None:
    """All threads have ended when it raises."""
    relay = Relay(NOWHERE, {"alice": upbit()})

    with pytest.raises(StreamTimeout, match="nowhere") as caught:
        relay.start(timeout=0.1)

    assert isinstance(caught.value.__cause__, ConnectionLost)
    assert "ended" in repr(relay)


@programs
def test_an_engine_that_refuses_ends_it(server: EngineServer) -> None:
    """Whoever waits is told."""
    url = server.url.replace("unix://", "unix://eve:s3cret@")
    for begin in ("start", "run_forever", "__enter__"):
        relay = Relay(url, {"alice": upbit()})
        with pytest.raises(AuthenticationError, match="refuses the user"):
            getattr(relay, begin)()
    server.do("ACL", "SETUSER", "eve", "reset", "on", ">s3cret", "+hello", "~*")

    with pytest.raises(PermissionDenied, match="relay --acl"):
        Relay(url, {"alice": upbit()}).start()
    server.do("ACL", "DELUSER", "eve")


@programs
def test_an_engine_that_drops_data_is_warned_of(
    server: EngineServer, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    """Once; it is owned all the same."""
    server.do("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    try:
        with Relay(server.url, {"alice": account.exchange()}) as relay:
            wait_until(lambda: relay.health().owned == 1)
            wait_until(lambda: caplog.records)
    finally:
        server.do("CONFIG", "SET", "maxmemory-policy", "noeviction")

    warned = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert len(warned) == 1
    assert "maxmemory-policy allkeys-lru" in warned[0]


@programs
def test_two_fleets_of_one_name_are_told_apart(
    server: EngineServer, accounts: dict[str, Account]
) -> None:
    """The label is another account's: nothing of it is taken, ever."""
    errors = EventRecorder()
    one, other = accounts["upbit-0"].exchange(), accounts["upbit-1"].exchange()
    with Relay(server.url, {"alice": one}) as first:
        wait_until(lambda: first.health().owned == 1)
        with Relay(server.url, {"alice": other}, on_error=errors) as second:
            error = errors.wait_for(lambda e: isinstance(e, ConfigurationError))
            first.stop()

            assert first.worker in error.problem
            assert error.account == "alice"
            assert second.health().owned == 0


@programs
def test_a_worker_s_rights_are_enough(server: EngineServer, account: Account) -> None:
    """For all that a relay does."""
    from assetstream.sharing.rights import worker_rights

    words = worker_rights(Keys("default"))
    server.do("ACL", "SETUSER", "worker", "reset", "on", ">s3cret", *words)
    url = server.url.replace("unix://", "unix://worker:s3cret@")
    errors = EventRecorder()
    with Relay(url, {"alice": account.exchange()}, on_error=errors) as relay:
        wait_until(lambda: relay.health().resets == 1)
        account.deposit("BTC", "1")
        wait_until(lambda: relay.health().published > 3)
    server.do("ACL", "DELUSER", "worker")

    assert errors.events == []


@programs
def test_p4_nothing_secret_is_in_the_engine(
    server: EngineServer, exchange: Simulator, accounts: dict[str, Account]
) -> None:
    """Neither keys nor what is made of them, nor a proxy's password, nor a frame."""
    good, errors = EventRecorder(), EventRecorder()
    made = exchanges(accounts)
    refused = exchange.upbit(allowed_ips=["192.0.2.1"])
    proxy = "http://eve:s3cretProxy@127.0.0.1:1"
    with (
        LeakDetector() as detector,
        Relay(server.url, made, on_state=good),
        Relay(server.url, {"r": refused.exchange()}, fleet="refused", on_error=errors),
        Relay(server.url, made, fleet="proxied", proxy=proxy, on_error=errors),
    ):
        for each in (*made.values(), refused.exchange()):
            detector.guard_exchange(each)
            detector.guard(each.digest)
        detector.guard("s3cretProxy")
        good.wait_for(lambda c: lives(good) >= 8)
        exchange.drop_connections()
        for account in accounts.values():
            account.deposit("BTC", "1")
        good.wait_for(lambda c: lives(good) >= 16)
        wait_until(lambda: {e.account for e in errors.events} == {"r", *made})
        for label, fleet in (("upbit-0", "proxied"), ("r", "refused")):
            log = Keys(fleet).log(label).encode()
            wait_until(lambda key=log: '["e",' in repr(dump(server, key)))
        texts = [repr(dump(server, key)) for key in server.do("KEYS", "*")]
        detector.add("engine", *texts)
    text = "".join(texts)

    detector.finish()
    assert detector.leaks == []
    assert "balances read and merged" in text
    assert "no_authorization_ip" in text
    assert "myAsset" not in text


def lives(recorder: EventRecorder) -> int:
    """Count how often accounts have become LIVE."""
    return sum(c.current is State.LIVE for c in recorder.of(StateChange))


def dump(server: EngineServer, key: bytes) -> Any:
    """Return all that a key has."""
    kind = server.do("TYPE", key)
    readers: dict[bytes, Callable[[], Any]] = {
        b"string": lambda: server.do("GET", key),
        b"hash": lambda: server.do("HGETALL", key),
        b"stream": lambda: server.do("XRANGE", key, "-", "+"),
        b"zset": lambda: server.do("ZRANGE", key, 0, -1),
    }
    return key, readers[kind if isinstance(kind, bytes) else kind.encode()]()


# Its life.


@programs
def test_it_has_one_life(server: EngineServer, account: Account) -> None:
    """Started once, stopped for good, from any thread or handler."""
    relay = Relay(server.url, {"alice": account.exchange()})
    relay.start()
    with pytest.raises(StreamStateError, match="already called"):
        relay.start()
    assert relay.stop()
    assert relay.stop()
    with pytest.raises(StreamStateError, match="it was stopped"):
        relay.run_forever()


@programs
def test_stop_ends_though_the_engine_stands_still(
    server: EngineServer, relay: Relay
) -> None:
    """The lease runs out by itself."""
    server.pause()
    try:
        assert relay.stop()
    finally:
        server.resume()
    assert not [t for t in threading.enumerate() if "assetstream-relay" in t.name]


@programs
def test_a_handler_may_stop_it(server: EngineServer, account: Account) -> None:
    """And run_forever returns."""
    relay = Relay(
        server.url, {"alice": account.exchange()}, on_state=lambda c: relay.stop()
    )

    relay.run_forever()

    assert relay.stop()


@programs
def test_a_handler_that_exits_ends_it(server: EngineServer, account: Account) -> None:
    """It raises where the program waits."""

    def leave(change: StateChange) -> None:
        raise SystemExit(3)

    relay = Relay(server.url, {"alice": account.exchange()}, on_state=leave)

    with pytest.raises(SystemExit):
        relay.run_forever()


PROGRAM = """
import json, sys
from assetstream import AssetStream, CoinW, Relay, Upbit
kind, options, other, url = json.loads(sys.argv[1])
make = {"upbit": Upbit, "coinw": CoinW}[kind]
relay = Relay(url, {"alice": make(**options)})
"""


@programs
@pytest.mark.parametrize(
    ("rest", "code"),
    [
        ("relay.run_forever()", -signal.SIGTERM),
        # Another stream's run_forever() ends the program, and takes the relay along.
        (
            "relay.start()\nAssetStream(make(**other)).run_forever()",
            -signal.SIGTERM,
        ),
        ("relay.start()\nsys.stdin.readline()", 0),
    ],
)
def test_the_end_of_a_program_gives_everything_back(
    server: EngineServer, exchange: Simulator, tmp_path: Path, rest: str, code: int
) -> None:
    """By SIGTERM, which ends the process then, or without stop()."""
    options = []
    for each in (exchange.upbit({"BTC": "1"}), exchange.upbit({"BTC": "2"})):
        made = each.exchange()
        keys = zip(made.key_names, made.credentials.values(), strict=False)
        urls = {"ws_url": made.ws_url, "rest_url": made.rest_url, "region": "sg"}
        options.append({**dict(keys), **urls})
    program = tmp_path / "program.py"
    program.write_text(PROGRAM + rest)
    given = json.dumps(["upbit", *options, server.url])
    stdin, writer = os.pipe()
    with (
        Program(str(program), given, fresh=True, stdin=stdin) as running,
        RemoteStream(server.url, "alice") as stream,
    ):
        if code:
            running.terminate()
        os.close(writer)
        assert running.finish() == code, running.output
        assert read(server, "alice").head.owner == ""
        wait_until(lambda: stream.state is State.STALE)


@programs
def test_the_sample_publishes_its_accounts(
    server: EngineServer, exchange: Simulator
) -> None:
    """By the environment's keys; Ctrl-C gives them back."""
    upbit, coinw = exchange.upbit({"BTC": "3"}), exchange.coinw({"BTC": "4"})
    environment = {
        **upbit.environment(),
        **coinw.environment(),
        "ASSETSTREAM_ENGINE_URL": server.url,
    }
    sample = str(ROOT / "samples" / "relay.py")
    with (
        Program(sample, environment=environment) as program,
        RemoteGroup(server.url, ["upbit", "coinw"]) as group,
    ):
        assert group.total("BTC", max_age=30) == 7
        program.interrupt()
        assert program.finish() == 0, program.output
    assert any("INFO upbit: LIVE" in line for line in program.err)
    assert read(server, "coinw").head.owner == ""


def read(server: EngineServer, account: str) -> SharedAccount:
    """Read an account."""
    with Engine(read_address(server.url), Keys("default")) as engine:
        found = engine.snapshot([account])[account]
    assert isinstance(found, SharedAccount)
    return found


@programs
def test_a_reset_is_written_once(server: EngineServer, account: Account) -> None:
    """And before anything else of a token."""
    with Relay(server.url, {"alice": account.exchange()}) as relay:
        wait_until(lambda: relay.health().resets == 1)
        with Engine(read_address(server.url), Keys("default")) as engine:
            items = engine.follow({"alice": "0"}, {}).logs["alice"]
    assert not isinstance(items, AssetStreamError)
    assert isinstance(items[1].entry, ResetEntry)
