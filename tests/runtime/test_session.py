"""The session against the simulated exchange; tests begin with their rule's label."""

from __future__ import annotations

import re
import threading
import time
from typing import Any, Iterator, Sequence

import pytest
from msgspec.structs import replace

from assetstream import (
    AssetStream,
    AssetStreamError,
    AssetUpdate,
    AuthenticationError,
    ConnectionLost,
    ExchangeError,
    ProtocolError,
    RateLimited,
    Source,
    StaleBalance,
    State,
    StateChange,
    StreamTimeout,
)
from assetstream.core.effects import Effect
from assetstream.core.moment import Moment
from assetstream.exchanges import EXCHANGES
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from assetstream.simulator.faults import Fault
from assetstream.simulator.messages import Kind, Message, Reply, Request
from tests.support.balances import known_balances, true_balances
from tests.support.clock import TimeMachine
from tests.support.event_recorder import PATIENCE, EventRecorder
from tests.support.specs import SPECS

pytestmark = pytest.mark.usefixtures("no_rate_limits")


@pytest.fixture
def stream(account: Account, recorder: EventRecorder) -> Iterator[AssetStream]:
    """A LIVE stream of ``account`` whose events ``recorder`` keeps."""
    with AssetStream(account.exchange(), **recorder.handlers()) as live:
        yield live


class Held(Fault):
    """Holds REST replies back until they are released."""

    def __init__(self) -> None:
        self.asked = threading.Semaphore(0)
        self._go = threading.Semaphore(0)

    def rest(self, request: Request) -> Reply | None:
        self.asked.release()
        assert self._go.acquire(timeout=PATIENCE)
        return None

    def wait(self) -> None:
        assert self.asked.acquire(timeout=PATIENCE)

    def go(self, times: int = 1) -> None:
        self._go.release(times)


def test_w1_a_reply_to_an_earlier_connection_is_dropped(
    exchange: Simulator, account: Account, recorder: EventRecorder
) -> None:
    """LIVE waits for a snapshot of the present connection."""
    held = Held()
    with exchange.faults.add(held):
        stream = AssetStream(account.exchange(), **recorder.handlers())
        stream.start(wait=False)
        held.wait()
        exchange.drop_connections()
        held.wait()  # The next connection asks anew; it may be there at once.
        account.deposit("BTC", "1")
        assert stream.state is State.CONNECTING
        held.go(2)
        recorder.wait_for_state(State.LIVE)
    assert known_balances(stream) == true_balances(account)
    assert stream.health().reconnects >= 1
    stream.stop()


def test_w2_every_queue_sees_the_same_order(
    exchange: Simulator, account: Account, recorder: EventRecorder
) -> None:
    """Callbacks and iterators get the same updates in the same order."""
    with AssetStream(account.exchange(), **recorder.handlers()) as stream:
        updates = stream.updates()
        with account.trade(rate=500, seed=1):
            recorder.wait_for(lambda e: len(recorder.events) > 100)
        account.deposit("END", "1")
        recorder.wait_for(lambda e: isinstance(e, AssetUpdate) and e.currency == "END")
        taken: list[AssetUpdate] = []
        while not taken or taken[-1].currency != "END":
            taken.append(updates.get(PATIENCE))
        assert known_balances(stream) == true_balances(account)
    delivered = [u for u in recorder.updates if u.source is Source.STREAM]
    pushed = [u for u in taken if u.source is Source.STREAM]

    assert delivered[-len(pushed) :] == pushed


def test_r1_live_needs_the_proof_of_the_subscription(
    exchange: Simulator, recorder: EventRecorder
) -> None:
    """Without CoinW's acknowledgement no snapshot is read."""
    account = exchange.coinw({"BTC": "1"})
    stream = AssetStream(account.exchange(), **recorder.handlers())
    with exchange.withhold(Kind.SUBSCRIPTION):
        stream.start(wait=False)
        account.wait_for_subscribers()
        assert account.seen.reads == 0
        assert stream.state is State.CONNECTING
    stream.stop()


def test_r1_a_refused_list_is_not_asked_again(
    exchange: Simulator, recorder: EventRecorder
) -> None:
    """Upbit's error may be about LIST, so the next connection leaves it out."""
    account = exchange.upbit({"BTC": "1"})

    class NoLists(Fault):
        """Refuses LIST_SUBSCRIPTIONS, as an older exchange might."""

        def received(self, connection: Any, payload: bytes) -> bytes | None:
            if b"LIST_SUBSCRIPTIONS" in payload:
                return b'[{"ticket":"x"},{"type":"unheard-of"}]'
            return payload

    with (
        exchange.faults.add(NoLists()),
        AssetStream(account.exchange(), **recorder.handlers()) as stream,
    ):
        assert stream.state is State.LIVE
        assert stream.health().reconnects == 1
        error = recorder.wait_for(lambda event: isinstance(event, ExchangeError))
        assert not error.fatal


def test_s1_what_was_missed_is_recovered_before_live(
    exchange: Simulator,
    account: Account,
    stream: AssetStream,
    recorder: EventRecorder,
    time_machine: Any,
) -> None:
    """The updates are RECOVERED, and the change to LIVE has the gap."""
    time_machine.jump(11, stream)  # REST has caught up with the first read.
    with exchange.refuse_upgrades(503):
        exchange.drop_connections()
        stale = recorder.wait_for_state(State.STALE)
        account.deposit("BTC", "1")
        account.withdraw("USDT", "999")
    live = recorder.wait_for_state(State.LIVE, times=2)
    recovered = [u for u in recorder.updates if u.source is Source.RECOVERED]

    assert {u.currency: str(u.change) for u in recovered} == {
        "BTC": "1",
        "USDT": "-999",
    }
    assert recorder.events.index(live) > recorder.events.index(recovered[-1])
    assert stale.gap is None
    assert live.gap is not None
    assert live.gap.recovered == 2
    assert live.gap.began < live.gap.ended
    assert stream.health().last_gap == live.gap
    assert known_balances(stream) == true_balances(account)


def test_s1_the_gap_begins_with_the_last_proof(
    exchange: Simulator,
    account: Account,
    stream: AssetStream,
    recorder: EventRecorder,
    time_machine: Any,
) -> None:
    """The gap does not begin with the discovery of the silence."""
    time_machine.jump(100, stream)
    live = recorder.wait_for_state(State.LIVE, times=2)

    assert live.gap is not None
    assert live.gap.duration >= 100


def test_s2_an_empty_account_is_live_and_in_doubt_until_an_audit(
    exchange: Simulator, time_machine: Any
) -> None:
    """REST may be 10 s behind, so an audit sent 10 s later must agree."""
    account = exchange.upbit()
    with AssetStream(account.exchange()) as stream:
        assert stream.balance("BTC").total == 0
        assert stream.balance("BTC").stale
        time_machine.jump(12, stream)
        exchange.wait_for(lambda seen: seen.reads == 2)
        _settle(stream)
        assert not stream.balance("BTC").stale


def test_s3_a_failed_read_is_tried_again_on_the_same_connection(
    exchange: Simulator, account: Account, recorder: EventRecorder
) -> None:
    """The stream is connected, but not LIVE."""
    with exchange.rest_answers(500):
        stream = AssetStream(account.exchange(), **recorder.handlers())
        stream.start(wait=False)
        error = recorder.wait_for(lambda e: isinstance(e, AssetStreamError))
        assert not error.fatal
        assert stream.state is State.CONNECTING
        assert stream.error is not None
    recorder.wait_for_state(State.LIVE)

    assert stream.health().reconnects == 0
    assert stream.error is None
    stream.stop()


def unreadable_rest(account: Account, *, all_of_it: bool) -> bytes:
    """Return a reply in the account's form with BTC, or all of it, unreadable."""
    usdt = "x" if all_of_it else "1000"
    if account.name == "upbit":
        return (
            '[{"currency":"BTC","balance":"x","locked":"0"},'
            f'{{"currency":"USDT","balance":"{usdt}","locked":"0"}}]'
        ).encode()
    return (
        '{"code":"200","data":{"BTC":{"available":"x","onOrders":"0"},'
        f'"USDT":{{"available":"{usdt}","onOrders":"0"}}}}}}'
    ).encode()


def test_s2_an_unreadable_entry_is_reported_once(
    exchange: Simulator, account: Account, recorder: EventRecorder
) -> None:
    """The unreadable currency is not zero; one error names it."""
    with (
        exchange.rest_answers(200, unreadable_rest(account, all_of_it=False)),
        AssetStream(account.exchange(), **recorder.handlers()) as stream,
    ):
        recorder.wait_for_state(State.LIVE)
        (error,) = recorder.of(ProtocolError)
        assert "BTC" in str(error)
        assert stream.health().in_doubt == ("BTC",)
        assert stream.balance("USDT").available == 1000
        with pytest.raises(StaleBalance):
            stream.balance("BTC")


def test_s3_a_read_of_which_nothing_is_understood_has_failed(
    exchange: Simulator, account: Account, recorder: EventRecorder
) -> None:
    """Such a read is not an empty account."""
    stream = AssetStream(account.exchange(), **recorder.handlers())
    with exchange.rest_answers(200, unreadable_rest(account, all_of_it=True)):
        stream.start(wait=False)
        recorder.wait_for(lambda e: isinstance(e, ProtocolError))
        assert stream.state is State.CONNECTING
    recorder.wait_for_state(State.LIVE)
    assert stream.balance("BTC").available == 1
    stream.stop()


def test_s3_a_machine_without_a_free_thread_tries_again(
    exchange: Simulator,
    account: Account,
    recorder: EventRecorder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A passing shortage is no internal error."""
    failed = threading.Event()

    def no_thread(helpers: object, job: object, name: str) -> None:
        monkeypatch.undo()
        failed.set()
        raise RuntimeError("can't start new thread")

    stream = AssetStream(account.exchange(), **recorder.handlers())
    monkeypatch.setattr("assetstream.runtime.loop.helpers.Helpers.start", no_thread)
    stream.start()
    assert failed.is_set()
    error = recorder.wait_for(lambda e: isinstance(e, ConnectionLost))
    assert "can't start new thread" in str(error)
    stream.stop()


def test_s3_a_refused_read_is_raised(exchange: Simulator, account: Account) -> None:
    """A key that may not read is a fatal error."""
    with (
        exchange.rest_answers(*SPECS[account.name].refusal),
        pytest.raises(AuthenticationError),
    ):
        AssetStream(account.exchange()).start()


def test_a4_a_change_that_was_never_pushed_is_found(
    exchange: Simulator,
    account: Account,
    stream: AssetStream,
    recorder: EventRecorder,
    time_machine: Any,
) -> None:
    """Two reads deliver it as AUDIT.

    Where everything is pushed, the subscription is renewed (A5).
    """
    renewed = account.exchange().pushes_everything
    reads = account.seen.reads
    with account.mute():
        account.deposit("BTC", "1")
        time_machine.jump(12, stream)
        exchange.wait_for(lambda seen: seen.reads == reads + 1)
        # The first reply is judged before the second read is due.
        _settle(stream)
        time_machine.jump(2, stream)
        update = recorder.wait_for(
            lambda e: isinstance(e, AssetUpdate) and e.source is Source.AUDIT
        )
    recorder.wait_for_state(State.LIVE, times=1 + renewed)

    assert (update.currency, str(update.change)) == ("BTC", "1")
    health = stream.health()
    assert (health.drifts, health.reconnects) == (1, renewed)
    assert known_balances(stream) == true_balances(account)


def test_k3_a_push_from_the_future_is_verified_soon(
    exchange: Simulator, account: Account, recorder: EventRecorder, time_machine: Any
) -> None:
    """The push is an error and in doubt until a read 10 s later."""
    with AssetStream(
        account.exchange(), audit_interval=1e6, **recorder.handlers()
    ) as live:
        reads = account.seen.reads

        def read_after(seconds: float, number: int) -> None:
            time_machine.jump(seconds, live)
            exchange.wait_for(lambda seen: seen.reads == reads + number)
            _settle(live)

        for number, seconds in enumerate((6, 10), 1):  # A1
            account.deposit("BTC", "1")
            pushed = recorder.wait_for(
                lambda e, now=1 + number: (
                    isinstance(e, AssetUpdate) and e.available == now
                )
            )
            read_after(seconds, number)
        # The exchange's times, an hour later.
        future = re.sub(
            rb"\b\d{13}\b", lambda time: b"%d" % (int(time[0]) + 3_600_000), pushed.raw
        )
        (session,) = account._subscribers
        session.connection.send(Message(Kind.PUSH, future, binary=True))
        error = recorder.wait_for(lambda e: isinstance(e, ProtocolError))
        assert live.health().in_doubt == ("BTC",)
        read_after(11, 3)

        assert error.currency == "BTC"
        assert live.health().in_doubt == ()


def _settle(stream: AssetStream) -> None:
    """Wait until the reply to a read was handled."""
    reads = stream._run.started().session.machine._reads
    life = stream._run.started()
    deadline = time.monotonic() + PATIENCE
    looked = threading.Event()
    while reads._ticket is not None:
        assert time.monotonic() < deadline, "the read was not answered"
        # Asked in the session's own thread, where the reply is taken in.
        looked.clear()
        life.post(looked.set)
        assert looked.wait(PATIENCE)


@pytest.fixture
def no_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no jump of the clock pass for a pong that does not come."""
    for adapter in EXCHANGES.values():
        seldom = replace(adapter.limits, ping_interval=1e6)
        monkeypatch.setattr(adapter, "limits", seldom)


def test_a7_live_is_a_lease(
    exchange: Simulator,
    account: Account,
    no_pings: None,
    stream: AssetStream,
    recorder: EventRecorder,
    time_machine: Any,
) -> None:
    """Without a completed audit LIVE ends; the next audit renews it."""
    present = stream._run.started().present
    with exchange.rest_answers(500):
        time_machine.jump(6, stream)
        recorder.wait_for(lambda e: isinstance(e, AssetStreamError))
        assert stream.state is State.LIVE
        # Frames keep the connection alive; only the comparison fails.
        present.lease_ends_at = 0.0
        assert stream.state is State.STALE
        account.deposit("BTC", "1")
        time_machine.jump(4.9, stream)
        change = recorder.wait_for_state(State.STALE)
        assert "unverified" in change.reason
        assert stream.balance("BTC").stale
    time_machine.jump(4.9, stream)
    live = recorder.wait_for_state(State.LIVE, times=2)

    assert live.reason == "verified"
    assert stream.health().reconnects == 0


def test_l1_a_silent_connection_is_stale_before_anyone_noticed(
    account: Account, stream: AssetStream, time_machine: Any
) -> None:
    """The state is STALE by the clock, interval + timeout after the last proof."""
    limits = stream.exchange.limits
    time_machine.jump(limits.ping_interval + limits.pong_timeout - 1)
    assert stream.state is State.LIVE
    time_machine.jump(1.5)
    assert stream.state is State.STALE
    assert stream.balance("BTC").stale


def test_l1_a_late_frame_brings_nothing_back(
    account: Account, stream: AssetStream, recorder: EventRecorder, time_machine: Any
) -> None:
    """After a suspend a frame may lie in the buffer of a dead connection."""
    time_machine.jump(7000)
    assert stream.state is State.STALE
    account.deposit("BTC", "1")
    live = recorder.wait_for_state(State.LIVE, times=2)

    assert live.gap is not None
    assert live.gap.duration >= 7000
    assert stream.health().reconnects == 1


def test_l1_without_a_connection_nobody_reads_live(stream: AssetStream) -> None:
    """The state is not LIVE between a loss and its StateChange."""
    machine = stream._run.started().session.machine
    stop, states = machine.stop, []

    def look(reason: str, at: Moment) -> Sequence[Effect]:
        effects = stop(reason, at)
        states.append(stream.state)
        states.append(stream.balance("BTC").stale)
        return effects

    machine.stop = look  # type: ignore[method-assign]
    stream.stop()

    assert states == [State.STALE, True]


@pytest.mark.parametrize("name", ["upbit", "coinw"])
def test_l1_pongs_keep_a_quiet_connection(
    exchange: Simulator,
    recorder: EventRecorder,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    """A connection without data stays LIVE."""
    adapter = EXCHANGES[name]
    quick = replace(adapter.limits, ping_interval=0.05, pong_timeout=PATIENCE)
    monkeypatch.setattr(adapter, "limits", quick)
    account = getattr(exchange, name)({"BTC": "1"})
    with AssetStream(account.exchange(), **recorder.handlers()) as stream:
        # CoinW's pings are frames of their own.
        exchange.wait_for(lambda seen: seen.pings + seen.frames >= 14, timeout=PATIENCE)
        assert stream.state is State.LIVE
        assert stream.health().round_trip is not None
    assert recorder.states == ["CONNECTING", "LIVE", "STOPPED"]


def test_l2_a_dropped_connection_is_made_anew(
    exchange: Simulator, account: Account, stream: AssetStream, recorder: EventRecorder
) -> None:
    """The peer drops it by FIN or RST, any number of times."""
    for times in (2, 3, 4):
        exchange.drop_connections(reset=times == 3)
        recorder.wait_for_state(State.LIVE, times=times)
        with stream.expect(lambda u: u.currency == "BTC", PATIENCE):
            account.deposit("BTC", "1")

    assert known_balances(stream) == true_balances(account)
    assert stream.health().reconnects == 3


def test_l3_retry_after_is_honoured(
    exchange: Simulator,
    account: Account,
    recorder: EventRecorder,
    time_machine: TimeMachine,
) -> None:
    """The next attempt waits as long as the exchange asks."""
    stream = AssetStream(account.exchange(), **recorder.handlers())
    stream.on_error(lambda error: time_machine.jump(20))
    refusal = exchange.refuse_upgrades(429, headers={"Retry-After": "30"})
    with refusal, pytest.raises(StreamTimeout):
        stream.start(timeout=20)
    error = recorder.of(RateLimited)

    assert [e.retry_after for e in error] == [30]
    assert exchange.seen.connections <= 1


def test_a_refused_login_after_live_is_not_final_at_once(
    exchange: Simulator,
    account: Account,
    stream: AssetStream,
    recorder: EventRecorder,
    time_machine: Any,
) -> None:
    """Only the third in a row over at least a minute is."""
    with exchange.refuse_logins():
        exchange.drop_connections()
        for _ in range(2):
            seen = len(recorder.of(AuthenticationError))
            recorder.wait_for(
                lambda e, seen=seen: len(recorder.of(AuthenticationError)) > seen
            )
            assert stream.state is State.STALE
        # More than once: a jump may end an attempt, after which the count is anew.
        stream.on_error(lambda error: time_machine.jump(31))
        recorder.wait_for_state(State.FAILED)
    errors = recorder.of(AuthenticationError)

    assert [e.fatal for e in errors[-1:]] == [True]
    assert not any(e.fatal for e in errors[:-1])
    assert len(errors) >= 3


def test_a_403_that_is_not_the_exchanges_own_is_retried(
    exchange: Simulator, account: Account, recorder: EventRecorder
) -> None:
    """A firewall's 403 proves nothing about the key."""
    stream = AssetStream(account.exchange(), **recorder.handlers())
    with exchange.refuse_upgrades(403, "<html>blocked</html>"):
        stream.start(wait=False)
        error = recorder.wait_for(lambda e: isinstance(e, AssetStreamError))
        assert not error.fatal
    recorder.wait_for_state(State.LIVE)
    stream.stop()


def test_a_fault_of_our_own_fails_the_stream_loudly(
    account: Account,
    stream: AssetStream,
    recorder: EventRecorder,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The stream is FAILED with an error."""
    session = stream._run.started().session
    session.machine._book.push = None  # type: ignore[assignment, method-assign]
    account.deposit("BTC", "1")
    recorder.wait_for_state(State.FAILED)

    assert "internal error" in str(stream.error)
    assert "Please report" in str(stream.error)
    assert stream.stop()  # the last of all is the log
    assert "Traceback" in caplog.text


def test_garbage_does_not_end_the_stream(
    account: Account, stream: AssetStream, recorder: EventRecorder
) -> None:
    """Each unreadable frame is an error (K5)."""
    (session,) = account._subscribers
    for payload in (b"\xff\xfe", b"[" * 5000, b"null", b"{}"):
        session.connection.send(Message(Kind.PUSH, payload, binary=True))
    account.deposit("BTC", "1")
    recorder.wait_for(lambda e: isinstance(e, AssetUpdate) and e.available == 2)

    assert sum(error.repeated + 1 for error in recorder.of(ProtocolError)) == 4
    assert recorder.states == ["CONNECTING", "LIVE"]


def test_last_callback_after_stop_in_any_state(
    exchange: Simulator, account: Account, recorder: EventRecorder
) -> None:
    """STOPPED comes last, also while it waits to reconnect."""
    with AssetStream(account.exchange(), **recorder.handlers()):
        refusal = exchange.refuse_upgrades(429, headers={"Retry-After": "3600"})
        with refusal:
            exchange.drop_connections()
            recorder.wait_for(lambda e: isinstance(e, RateLimited))
    last = recorder.events[-1]

    assert isinstance(last, StateChange)
    assert (last.previous, last.current) == (State.STALE, State.STOPPED)
