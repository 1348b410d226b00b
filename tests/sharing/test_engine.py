"""The calls to an engine, with real ones."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Iterator, Sequence
from unittest.mock import Mock

import pytest

from assetstream.model.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionLost,
    PermissionDenied,
    ProtocolError,
)
from assetstream.model.events import Source
from assetstream.model.states import State
from assetstream.sharing import engine as module
from assetstream.sharing.address import EngineAddress, read_address
from assetstream.sharing.engine import AccountEntries, Engine
from assetstream.sharing.entries import (
    BookEntry,
    Entry,
    ErrorEntry,
    ErrorFacts,
    OwnerEntry,
    Pulse,
    ResetEntry,
    SharedAccount,
    StateEntry,
    UpdateEntry,
)
from assetstream.sharing.keys import Keys
from assetstream.sharing.ownership import Acquired, Seat
from assetstream.sharing.rights import reader_rights, worker_rights
from tests.support import certificates
from tests.support.engines import EngineServer, tls_server
from tests.support.event_recorder import PATIENCE

if TYPE_CHECKING:
    import trustme

pytestmark = pytest.mark.programs

KEYS = Keys("f")
FACTS = ErrorFacts("ConnectionLost", "gone", details={"code": 1006})
SGD = BookEntry("1012.345678901234567890123", "0", 5, Source.STREAM)
BTC = BookEntry("2", "1", 6, Source.AUDIT)
UPDATE = UpdateEntry("SGD", SGD.available, "0", 5, 7, Source.STREAM, "id")


@pytest.fixture
def engine(server: EngineServer) -> Iterator[Engine]:
    """A connection to an empty engine."""
    with Engine(read_address(server.url), KEYS) as connected:
        yield connected


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all waits be short."""
    monkeypatch.setattr(module, "BLOCK", 0.01)
    monkeypatch.setattr(module, "TIMEOUT", 0.1)


def owned(engine: Engine, account: str = "alice", worker: str = "w1") -> int:
    """Let a worker take an account, and return its token."""
    engine.pulse(worker, Pulse(1, 1.0), first=True)
    token = take(engine, account, worker).token
    assert token > 0
    return token


def take(engine: Engine, account: str = "alice", worker: str = "w1") -> Acquired:
    """Let a worker ask for an account."""
    return engine.acquire(worker, {account: ("upbit", "upbit-a1b2c3")}, 1)[account]


def write(engine: Engine, token: int, *entries: Entry) -> bool:
    """Write entries of alice as w1."""
    batch = [(e, SGD if isinstance(e, UpdateEntry) else None) for e in entries]
    return engine.publish("w1", {"alice": AccountEntries(token, batch)})["alice"]


def snapshot(engine: Engine, account: str = "alice") -> SharedAccount:
    """Read an account that is there."""
    found = engine.snapshot([account])[account]
    assert isinstance(found, SharedAccount)
    return found


def log(engine: Engine, since: str = "0") -> Sequence[Entry]:
    """Return the entries of alice's log."""
    items = engine.follow({"alice": since}, {}).logs["alice"]
    assert not isinstance(items, ProtocolError)
    return [item.entry for item in items]


# Ownership.


def test_o1_only_one_who_lives_takes_an_account(engine: Engine) -> None:
    """Without a lease of one's own nothing is taken."""
    assert take(engine, "alice", "w1") == (0, "")

    first = owned(engine)

    head = snapshot(engine).head
    assert (head.owner, head.token, head.exchange) == ("w1", first, "upbit")
    assert head.state is State.CONNECTING
    assert log(engine) == [OwnerEntry("w1")]


def test_o1_an_account_has_one_owner(engine: Engine, server: EngineServer) -> None:
    """Until its lease has run out; then the next one's token is greater."""
    first = owned(engine)
    engine.pulse("w2", Pulse(1, 1.0), first=True)
    assert take(engine, "alice", "w2") == (0, "w1")

    server.do("DEL", KEYS.lease("w1"))
    taken = take(engine, "alice", "w2")

    assert taken.token > first
    assert taken.owner == "w1"


def test_o1_tokens_and_numbers_grow_though_all_is_forgotten(
    engine: Engine, server: EngineServer
) -> None:
    """Both are at least the engine's milliseconds, so none is met again (P3)."""
    began = int(time.time() * 1000) - 60_000
    first = owned(engine)
    write(engine, first, *[UPDATE] * 5)
    seq = snapshot(engine).head.seq
    assert min(first, seq) > began
    again = take(engine, "alice", "w1").token
    assert again > first

    server.do("FLUSHALL")

    assert engine.snapshot(["alice"]) == {"alice": None}
    # A lost numbering is passed within a millisecond for each entry.
    assert owned(engine) > began
    assert snapshot(engine).head.seq > began


def test_o2_an_older_token_writes_nothing(engine: Engine) -> None:
    """Late bytes of an older connection, or of an owner that woke up."""
    first = owned(engine)
    second = take(engine, "alice", "w1").token
    before = snapshot(engine)

    assert write(engine, first, UPDATE) is False
    assert write(engine, first, ResetEntry({}, State.LIVE, "")) is False
    engine.release("w1", {"alice": first}, "over")
    assert snapshot(engine) == before

    assert write(engine, second, UPDATE) is True
    assert engine.publish(
        "w2", {"alice": AccountEntries(second, [(FAILED, None)])}
    ) == {"alice": False}
    assert snapshot(engine).book == {"SGD": SGD}


FAILED = StateEntry(State.FAILED, "the key was refused", FACTS)


def test_o5_what_is_given_back_is_free_at_once(engine: Engine) -> None:
    """Readers are told, and the worker's lease ends with its last word."""
    token = owned(engine)
    engine.pulse("w2", Pulse(1, 1.0), first=True)

    engine.release("w1", {"alice": token}, "the relay stops")

    head = snapshot(engine).head
    assert (head.owner, head.state) == ("", State.STALE)
    assert head.reason == "the relay stops"
    assert log(engine)[-1] == OwnerEntry("")
    assert take(engine, "alice", "w2").token > token
    engine.release("w1", {}, "", last=True)
    assert not engine.pulse("w1", Pulse(2, 2.0))


def test_o5_living_workers_are_counted(engine: Engine, server: EngineServer) -> None:
    """By their pulses: whose lease has run out, or who has ended, counts no more."""
    assert engine.pulse("w1", Pulse(1, 1.0), first=True) == 1
    assert engine.pulse("w2", Pulse(1, 1.0), first=True) == 2
    engine.pulse("w3", Pulse(1, 1.0), first=True)
    server.do("ZADD", KEYS.workers, 1, "w3")
    assert engine.pulse("w1", Pulse(2, 2.0)) == 2

    engine.release("w2", {}, "", last=True)

    assert engine.pulse("w1", Pulse(3, 3.0)) == 1


def test_o5_a_table_tells_who_has_which(engine: Engine, server: EngineServer) -> None:
    """And whether that worker lives; what nobody has ever taken is free."""
    owned(engine)
    owned(engine, "bob", "w2")
    server.do("DEL", KEYS.lease("w2"))

    assert engine.seats(["alice", "bob", "carol"]) == [
        Seat("alice", "w1", True, "upbit-a1b2c3"),
        Seat("bob", "w2", False, "upbit-a1b2c3"),
        Seat("carol"),
    ]


def test_it_tells_when_workers_were_heard_of(engine: Engine) -> None:
    """By its own time; one that it knows nothing of is left out."""
    engine.pulse("w1", Pulse(1, 1.0), first=True)
    now, words = engine.words(["w1", "w2"])

    assert [*words] == ["w1"]
    assert 0 <= now - words["w1"] < 60_000


def test_accounts_are_known_by_the_workers_word(
    engine: Engine, server: EngineServer
) -> None:
    """One that no worker has named for a week is forgotten, with all that it had."""
    token = owned(engine)
    write(engine, token, UPDATE)
    engine.enlist(["alice", "bob"])
    assert engine.accounts() == ["alice", "bob"]
    week_ago = int(time.time()) - module.REMEMBERED - 60
    server.do("ZADD", KEYS.accounts, week_ago, "alice")

    engine.enlist(["bob", "carol"])

    assert engine.accounts() == ["bob", "carol"]
    assert engine.snapshot(["alice"]) == {"alice": None}
    assert not server.do("EXISTS", KEYS.book("alice"), KEYS.log("alice"))


def test_o6_a_batch_renews_the_lease(engine: Engine, server: EngineServer) -> None:
    """A backlog delays pulses, and must not lose accounts."""
    token = owned(engine)
    server.do("PEXPIRE", KEYS.lease("w1"), 500)

    write(engine, token, UPDATE)

    assert server.do("PTTL", KEYS.lease("w1")) > 3000


# What is written.


def test_p1_book_log_and_number_change_in_one_step(engine: Engine) -> None:
    """Every kind of entry, in its order."""
    token = owned(engine)
    began = snapshot(engine).head.seq
    reset = ResetEntry({"BTC": BTC}, State.LIVE, "read anew")
    entries = [UPDATE, FAILED, reset, UPDATE, ErrorEntry(FACTS)]

    assert write(engine, token, *entries[:2])
    assert snapshot(engine).head.error == FACTS
    assert write(engine, token, *entries[2:])

    found = snapshot(engine)
    assert found.book == {"BTC": BTC, "SGD": SGD}
    assert (found.head.state, found.head.error) == (State.LIVE, None)
    assert found.head.reason == "read anew"
    assert found.head.seq == began + 5
    items = engine.follow({"alice": "0"}, {}).logs["alice"]
    assert not isinstance(items, ProtocolError)
    assert [item.entry for item in items] == [OwnerEntry("w1"), *entries]
    assert [item.seq for item in items] == [*range(began, began + 6)]
    assert items[-1].id == found.last_id


def test_p1_many_accounts_are_written_together(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In pieces of bounded size; one that is lost costs no other."""
    monkeypatch.setattr(module, "MOST_ACCOUNTS", 3)
    names = [f"a{i}" for i in range(7)]
    tokens = {name: owned(engine, name) for name in names}
    tokens["a4"] -= 1

    written = engine.publish(
        "w1", {name: AccountEntries(tokens[name], [(UPDATE, SGD)]) for name in names}
    )

    assert written == {name: name != "a4" for name in names}
    found = engine.snapshot(names)
    assert {
        name: isinstance(each, SharedAccount) and bool(each.book)
        for name, each in found.items()
    } == written


def test_p1_a_long_batch_is_written_in_pieces(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script holds the engine up; the order is kept."""
    monkeypatch.setattr(module, "MOST_ENTRIES", 3)
    tokens = {name: owned(engine, name) for name in ("alice", "bob", "carol")}
    updates = [
        UpdateEntry("SGD", str(i), "0", 5, 7, Source.STREAM, "id") for i in range(8)
    ]
    lengths = {"alice": 8, "bob": 2, "carol": 1}

    written = engine.publish(
        "w1",
        {
            name: AccountEntries(tokens[name], [(u, SGD) for u in updates[:length]])
            for name, length in lengths.items()
        },
    )

    assert written == dict.fromkeys(lengths, True)
    followed = engine.follow(dict.fromkeys(lengths, "0"), {}).logs
    for name, length in lengths.items():
        items = followed[name]
        assert not isinstance(items, ProtocolError)
        assert [item.entry for item in items[1:]] == updates[:length]


def test_p2_the_last_pulses_are_kept(engine: Engine, server: EngineServer) -> None:
    """Four of them; the first begins a lease, which the others renew."""
    assert engine.pulse("w1", Pulse(1, 1.0)) == 0
    assert engine.pulse("w1", Pulse(1, 1.0), first=True) == 1
    for number in range(2, 8):
        assert engine.pulse("w1", Pulse(number, number)) == 1

    followed = engine.follow({}, {"w1": "0"})

    pulses = followed.pulses["w1"]
    assert pulses == [Pulse(number, number) for number in range(4, 8)]
    assert followed.places["w1"] > "0"
    assert 0 < server.do("PTTL", KEYS.lease("w1")) <= 5000
    assert 0 < server.do("PTTL", KEYS.pulses("w1")) <= 60_000


# What is read.


def test_f1_the_log_goes_on_where_the_snapshot_was(engine: Engine) -> None:
    """No gap, and nothing twice."""
    token = owned(engine)
    write(engine, token, UPDATE)
    place = snapshot(engine).last_id

    write(engine, token, FAILED, UPDATE)

    assert log(engine, place) == [FAILED, UPDATE]


def test_a_fleet_knows_its_accounts(engine: Engine, server: EngineServer) -> None:
    """Each that was ever owned; also after the engine has forgotten them."""
    assert engine.accounts() == []
    for name in ("bob", "älice", "bob"):
        owned(engine, name)
    assert engine.accounts() == ["bob", "älice"]

    server.do("FLUSHALL")
    assert engine.accounts() == []
    owned(engine)
    assert engine.accounts() == ["alice"]


def test_f3_positions_are_token_and_number(engine: Engine) -> None:
    """Of what is not there: neither."""
    token = owned(engine)
    head = snapshot(engine).head

    found = engine.positions(["alice", "bob"])

    assert found == {"alice": (token, head.seq), "bob": (None, None)}


@pytest.mark.usefixtures("quick")
def test_f4_a_log_that_goes_on_says_so(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A block that is full may not be all."""
    monkeypatch.setattr(module, "COUNT", 3)
    write(engine, owned(engine), UPDATE, UPDATE, UPDATE)

    followed = engine.follow({"alice": "0"}, {"w1": "0"})

    assert followed.partly == {"alice"}
    items = followed.logs["alice"]
    assert not isinstance(items, ProtocolError)
    rest = engine.follow({"alice": items[-1].id}, {"w1": followed.places["w1"]})
    assert rest.partly == frozenset()
    assert [*rest.logs] == ["alice"]
    nothing = engine.follow({"alice": snapshot(engine).last_id}, {})
    assert nothing == ({}, frozenset(), {}, {})


def test_k5_what_cannot_be_read_costs_its_account_alone(
    engine: Engine, server: EngineServer
) -> None:
    """And a worker whose pulses are odd costs its own."""
    for name in ("alice", "bob"):
        owned(engine, name)
    server.do("XADD", KEYS.log("alice"), "*", "s", "1", "d", "{}")
    server.do("XADD", KEYS.pulses("w2"), "*", "x", "1")
    server.do("HSET", KEYS.head("alice"), "state", "GOOD")

    followed = engine.follow({"alice": "0", "bob": "0"}, {"w1": "0", "w2": "0"})

    assert isinstance(followed.logs["alice"], ProtocolError)
    assert isinstance(followed.pulses["w2"], ProtocolError)
    assert not isinstance(followed.logs["bob"], ProtocolError)
    assert not isinstance(followed.pulses["w1"], ProtocolError)
    found = engine.snapshot(["alice", "bob"])
    assert isinstance(found["alice"], ProtocolError)
    assert isinstance(found["bob"], SharedAccount)


# The connection.


def test_it_knows_what_it_is_connected_to(engine: Engine, server: EngineServer) -> None:
    """Name and version, for the doctor."""
    assert engine.version.startswith(f"{server.name} ")
    assert engine.version[-1].isdigit()


def test_an_engine_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """Which says where it was looked for; there is no connection then."""
    engine = Engine(EngineAddress("unix", path=f"{tmp_path}/none"), KEYS)

    with pytest.raises(ConnectionLost, match="none cannot be reached"):
        engine.connect()
    with pytest.raises(ConnectionLost, match="there is no connection"):
        engine.snapshot(["alice"])
    engine.close()


@pytest.mark.usefixtures("quick")
def test_an_engine_that_stands_still_is_an_error(server: EngineServer) -> None:
    """Nothing is sent again: the connection is closed."""
    with Engine(read_address(server.url), KEYS) as engine:
        server.pause()
        try:
            with pytest.raises(ConnectionLost, match="did not answer in time"):
                engine.pulse("w1", Pulse(1, 1.0), first=True)
        finally:
            server.resume()
        with pytest.raises(ConnectionLost, match="there is no connection"):
            engine.pulse("w1", Pulse(1, 1.0), first=True)
        engine.connect()
        assert engine.pulse("w1", Pulse(2, 1.0), first=True)


def test_a_call_is_cancelled_from_any_thread(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For good, and at once: a stream that is stopped waits for no engine."""
    monkeypatch.setattr(module, "BLOCK", PATIENCE)
    ended = threading.Event()

    def follow() -> None:
        with pytest.raises(ConnectionLost, match="given up"):
            engine.follow({"alice": "0"}, {})
        ended.set()

    waiting = threading.Thread(target=follow)
    waiting.start()
    engine.cancel()

    assert ended.wait(PATIENCE)
    waiting.join()
    with pytest.raises(ConnectionLost, match="given up"):
        engine.connect()


def test_a_machine_without_descriptors_says_so(
    server: EngineServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have some later."""
    monkeypatch.setattr(module, "CancelToken", Mock(side_effect=OSError(24, "no more")))

    with pytest.raises(ConnectionLost, match=r"could not make a connection \(no more"):
        Engine(read_address(server.url), KEYS).connect()


def test_an_engine_that_dies_is_an_error(server: EngineServer) -> None:
    """As soon as it is asked."""
    with EngineServer(server.name) as dying:
        engine = Engine(read_address(dying.url), KEYS)
        engine.connect()
        dying.kill()

        with pytest.raises(ConnectionLost):
            engine.snapshot(["alice"])


def test_an_engine_without_memory_is_waited_for(
    engine: Engine, server: EngineServer
) -> None:
    """It may be given some; until then no pulse comes in."""
    server.do("CONFIG", "SET", "maxmemory", "1")
    try:
        with pytest.raises(ConnectionLost, match="memory"):
            engine.pulse("w1", Pulse(1, 1.0), first=True)
    finally:
        server.do("CONFIG", "SET", "maxmemory", "0")


def test_a_replica_is_refused(engine: Engine, server: EngineServer) -> None:
    """Its word comes late, and so no pulse could be dated by it (V1)."""
    server.do("REPLICAOF", "127.0.0.1", "1")
    try:
        with pytest.raises(ConnectionLost, match="is a replica"):
            engine.connect()
    finally:
        server.do("REPLICAOF", "NO", "ONE")


def test_a_part_of_a_cluster_is_refused(server: EngineServer) -> None:
    """Keys of a fleet would lie elsewhere."""
    with EngineServer(server.name, "--cluster-enabled", "yes") as clustered:
        engine = Engine(read_address(clustered.url), KEYS)
        with pytest.raises(ConfigurationError, match="a cluster"):
            engine.connect()


def test_an_engine_that_is_too_old_is_refused(
    server: EngineServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text names both versions."""
    monkeypatch.setattr(module, "OLDEST", {server.name: (99, 0)})
    engine = Engine(read_address(server.url), KEYS)

    with pytest.raises(ConfigurationError, match=f"too old: {server.name} "):
        engine.connect()


def test_a_command_that_it_does_not_know_is_an_error(
    engine: Engine, server: EngineServer
) -> None:
    """A key of another kind is somebody else's, too."""
    server.do("SET", KEYS.head("alice"), "x")

    with pytest.raises(ProtocolError, match="WRONGTYPE"):
        engine.positions(["alice"])


# Safety.


def user(server: EngineServer, name: str, words: Sequence[str]) -> Engine:
    """Make a user with these rights, and return a connection of its."""
    server.do("ACL", "SETUSER", name, "reset", "on", ">s3cret", *words)
    path = server.path
    return Engine(EngineAddress("unix", path=path, user=name, password="s3cret"), KEYS)


def test_a_worker_s_rights_are_enough(server: EngineServer) -> None:
    """For all that it does, and for nothing else."""
    with user(server, "worker", worker_rights(KEYS)) as worker:
        token = owned(worker)
        assert write(worker, token, UPDATE, FAILED, ResetEntry({}, State.LIVE, ""))
        worker.enlist(["alice"])
        assert [seat.alive for seat in worker.seats(["alice"])] == [True]
        worker.release("w1", {"alice": token}, "over", last=True)
        with pytest.raises(PermissionDenied):
            worker.snapshot(["alice"])


def test_a_reader_s_rights_are_enough(engine: Engine, server: EngineServer) -> None:
    """For all that it does; it writes nothing."""
    write(engine, owned(engine), UPDATE)
    with user(server, "reader", reader_rights(KEYS)) as reader:
        assert snapshot(reader).book == {"SGD": SGD}
        assert log(reader)[-1] == UPDATE
        assert reader.positions(["alice"])["alice"][0]
        assert "w1" in reader.follow({"alice": "0"}, {"w1": "0"}).pulses
        assert "w1" in reader.words(["w1"])[1]
        assert reader.accounts() == ["alice"]
        with pytest.raises(PermissionDenied, match="does not permit"):
            reader.pulse("w1", Pulse(9, 9.0), first=True)


def test_a_reader_of_one_account_reads_no_other(
    engine: Engine, server: EngineServer
) -> None:
    """Neither its book nor its log."""
    for name in ("alice", "bob"):
        owned(engine, name)
    with user(server, "alice", reader_rights(KEYS, "alice")) as reader:
        assert snapshot(reader).head.owner == "w1"
        assert "w1" in reader.follow({"alice": "0"}, {"w1": "0"}).pulses
        with pytest.raises(PermissionDenied):
            reader.snapshot(["bob"])
        reader.connect()
        with pytest.raises(PermissionDenied):
            reader.follow({"bob": "0"}, {})
        reader.connect()
        with pytest.raises(PermissionDenied):
            reader.accounts()


def test_a_wrong_password_is_refused_and_not_told(server: EngineServer) -> None:
    """Neither in the text nor in what led to it."""
    address = EngineAddress("unix", path=server.path, user="bob", password="hunter2")
    engine = Engine(address, KEYS)

    with pytest.raises(AuthenticationError, match="user or the password") as caught:
        engine.connect()

    error = caught.value
    assert error.fatal
    assert "hunter2" not in f"{error}{error.to_dict()}{address!r}"
    assert error.__cause__ is None
    assert error.__context__ is None


def test_tls_is_by_a_context_that_verifies(
    tmp_path: Path, authority: trustme.CA
) -> None:
    """The right authority passes, another one is refused."""
    import trustme

    with tls_server(tmp_path, authority) as url:
        address = read_address(url)
        with Engine(address, KEYS, certificates.trusting(authority)) as engine:
            assert engine.pulse("w1", Pulse(1, 1.0), first=True)
        other = certificates.trusting(trustme.CA())
        with pytest.raises(ConnectionLost, match="certificate"):
            Engine(address, KEYS, other).connect()
