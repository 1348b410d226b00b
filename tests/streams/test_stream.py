"""``AssetStream`` as users meet it, against the simulated exchange."""

from __future__ import annotations

import asyncio
import pickle
import ssl
import threading
from decimal import Decimal
from typing import Any, Callable

import pytest

from assetstream import (
    AssetStream,
    AssetUpdate,
    AuthenticationError,
    CallbackError,
    CoinW,
    ConfigurationError,
    PermissionDenied,
    ProtocolError,
    Source,
    StaleBalance,
    State,
    StreamStateError,
    StreamTimeout,
    Upbit,
)
from assetstream.model.errors import AssetStreamError
from assetstream.runtime.loop.waits import Deadline
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from assetstream.simulator.messages import Kind, Message
from tests.support.balances import known_balances, true_balances
from tests.support.clock import TimeMachine
from tests.support.event_recorder import PATIENCE, EventRecorder

pytestmark = pytest.mark.usefixtures("no_rate_limits")


def test_live_on_entry(account: Account) -> None:
    """Inside the ``with`` block the balances are those of the account."""
    with AssetStream(account.exchange()) as stream:
        assert stream.state is State.LIVE
        assert known_balances(stream) == true_balances(account)
        assert not stream.balance("btc").stale
        assert stream.error is None

    assert stream.state is State.STOPPED


def test_callbacks_get_every_change(account: Account) -> None:
    """Callbacks get the snapshot, each push with its previous, and STOPPED."""
    recorder = EventRecorder()
    with AssetStream(account.exchange(), **recorder.handlers()):
        account.deposit("BTC", "0.12345678901234567890123456")
        update = recorder.wait_for(
            lambda e: isinstance(e, AssetUpdate) and e.source is Source.STREAM
        )

    assert str(update.available) == "1.12345678901234567890123456"
    assert str(update.change) == "0.12345678901234567890123456"
    assert update.previous.available == 1
    assert update.account == recorder.events[0].account
    assert b"BTC" in update.raw
    snapshots = [u for u in recorder.updates if u.source is Source.SNAPSHOT]
    assert {u.currency: u.available for u in snapshots} == {"BTC": 1, "USDT": 1000}
    assert recorder.states == ["CONNECTING", "LIVE", "STOPPED"]
    assert recorder.events[-1].current is State.STOPPED


def test_the_balances_are_current_when_a_callback_runs(account: Account) -> None:
    """A handler may look at the stream instead of the update."""
    seen = EventRecorder()
    stream = AssetStream(account.exchange())

    @stream.on_asset
    def look(update: AssetUpdate) -> None:
        seen((update.available, stream.balances[update.currency].available))

    with stream:
        account.deposit("BTC", "1")
        seen.wait_for(lambda pair: pair[1] == 2)

    assert all(inside >= before for before, inside in seen.events)


def test_all_digits_of_a_total(account: Account) -> None:
    """Sums are exact beyond the 28 digits of the default decimal context."""
    with (
        AssetStream(account.exchange()) as stream,
        stream.expect(lambda u: u.currency == "BTC", PATIENCE) as changed,
    ):
        account.deposit("BTC", "123456789012345.12345678901234567890123")

    assert str(changed.update.total) == "123456789012346.12345678901234567890123"
    assert str(changed.update.change) == "123456789012345.12345678901234567890123"


def test_stop_returns_false_while_a_callback_holds_its_thread(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    """The log names the callback's line."""
    entered, leave = threading.Event(), threading.Event()

    def stuck_here(update: AssetUpdate) -> None:
        entered.set()
        leave.wait(PATIENCE)

    stream = AssetStream(account.exchange(), on_asset=stuck_here)
    stream.start()
    assert entered.wait(PATIENCE)
    assert not stream.stop(timeout=0.1)
    assert "a callback still runs" in caplog.text
    leave.set()
    assert stream.stop()


def test_stop_without_waiting_complains_of_nothing(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    """A timeout of 0 asks for the end, and does not wait for it."""
    stream = AssetStream(account.exchange())
    stream.start()
    stream.stop(timeout=0)
    assert stream.stop()
    assert caplog.text == ""


def test_no_update_is_handed_over_after_stop(account: Account) -> None:
    """A handler that stops the stream is not called again."""
    for number in range(100):
        account.deposit(f"C{number}", "1")
    called: list[AssetUpdate] = []
    stream = AssetStream(account.exchange())

    @stream.on_asset
    def act_once(update: AssetUpdate) -> None:
        called.append(update)
        assert stream.stop()

    stream.run_forever()
    assert stream.stop()

    assert len(called) == 1
    assert stream.health().dropped == 101


def test_stop_ends_the_deliveries_of_a_failed_stream(account: Account) -> None:
    """Pending updates are dropped."""
    for number in range(100):
        account.deposit(f"C{number}", "1")
    entered, leave = threading.Event(), threading.Event()

    def slow(update: AssetUpdate) -> None:
        entered.set()
        leave.wait(PATIENCE)

    stream = AssetStream(account.exchange(), on_asset=slow)
    stream.start()
    assert entered.wait(PATIENCE)
    stream._run.started().session.machine._book.push = None  # type: ignore
    account.deposit("BTC", "1")
    assert stream._run.started().ended.wait(Deadline(PATIENCE))
    assert stream.state is State.FAILED
    stream.stop(timeout=0)
    leave.set()

    assert stream.stop()
    assert stream.health().dropped >= 100


def test_stop_in_the_streams_own_thread_does_not_wait_for_itself(
    account: Account,
) -> None:
    """A logging handler or finalizer of the user's may run there."""
    stream = AssetStream(account.exchange())
    stream.start()
    answers = EventRecorder()
    life = stream._run.started()
    life.post(lambda: answers(stream.stop(timeout=None)))

    assert answers.wait_for(lambda answer: True) is True
    assert stream.stop()


@pytest.mark.parametrize("start", ["start", "__enter__"])
def test_ctrl_c_before_the_wait_leaves_nothing_behind(
    account: Account, monkeypatch: pytest.MonkeyPatch, start: str
) -> None:
    """The interrupt comes after the start, before anybody waits."""

    def interrupted(stream: AssetStream, timeout: float | None) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(AssetStream, "_wait_live", interrupted)
    stream = AssetStream(account.exchange())
    with pytest.raises(KeyboardInterrupt):
        getattr(stream, start)()
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if stream.account in name]
    assert stream.state is State.STOPPED


def test_two_threads_may_iterate_a_new_stream(account: Account) -> None:
    """One of them starts it, the other joins."""
    for _ in range(10):
        stream = AssetStream(account.exchange())
        found = EventRecorder()
        together = threading.Barrier(2)

        def take(
            stream: AssetStream = stream,
            found: EventRecorder = found,
            together: threading.Barrier = together,
        ) -> None:
            together.wait(PATIENCE)
            updates = stream.updates()
            found({updates.get(PATIENCE).currency, updates.get(PATIENCE).currency})

        threads = [threading.Thread(target=take) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        stream.stop()

        assert found.events == [{"BTC", "USDT"}] * 2


def test_start_twice_is_refused(account: Account) -> None:
    """The running stream is not disturbed."""
    with AssetStream(account.exchange()) as stream:
        with pytest.raises(StreamStateError, match="already called"):
            stream.start()
        assert stream.state is State.LIVE


def test_start_without_waiting_returns_at_once(account: Account) -> None:
    """A later wait for LIVE is possible."""
    stream = AssetStream(account.exchange())
    stream.start(wait=False)
    with stream:
        assert stream.state is State.LIVE


def test_start_gives_up_at_its_timeout(
    exchange: Simulator, time_machine: TimeMachine
) -> None:
    """Passing errors are retried until then; the last one is the cause."""
    account = exchange.upbit()
    stream = AssetStream(account.exchange())
    stream.on_error(lambda error: time_machine.jump(PATIENCE))
    with (
        exchange.refuse_upgrades(503),
        pytest.raises(
            StreamTimeout, match=f"waited {PATIENCE:g} s for the stream to be LIVE"
        ) as caught,
    ):
        stream.start(timeout=PATIENCE)

    assert stream.state is State.STOPPED
    # The stream was stopped: nothing goes on by itself.
    assert "tries again" not in str(caught.value)
    cause = caught.value.__cause__
    if isinstance(cause, AssetStreamError):
        assert cause.problem in caught.value.problem
        assert caught.value.remedy == cause.remedy


@pytest.mark.parametrize("how", ["start", "run_forever", "with", "iteration"])
def test_a_refused_key_is_raised_in_the_callers_thread(
    exchange: Simulator, account: Account, how: str
) -> None:
    """There is no second attempt, and every thread has ended."""
    recorder = EventRecorder()
    stream = AssetStream(account.exchange(), **recorder.handlers())
    ways: dict[str, Callable[[], Any]] = {
        "start": stream.start,
        "run_forever": stream.run_forever,
        "with": stream.__enter__,
        "iteration": lambda: next(stream.updates()),
    }
    with exchange.refuse_logins(), pytest.raises(AuthenticationError) as raised:
        ways[how]()
    stream.stop()

    assert raised.value.fatal
    assert stream.state is State.FAILED
    assert stream.error is raised.value
    for _ in range(3):
        with pytest.raises(AuthenticationError) as again:
            stream.raise_if_failed()
    assert len(again.traceback) <= 3  # A kept error must not gather frames.
    assert exchange.seen.connections <= 1
    assert recorder.events[-1].current is State.FAILED
    assert recorder.events[-2] is raised.value
    assert account.secret_key not in str(raised.value)


def test_a_missing_permission_is_raised(exchange: Simulator) -> None:
    """The error differs from that of a wrong key."""
    account = exchange.upbit(permissions=["order"])
    with pytest.raises(PermissionDenied):
        AssetStream(account.exchange()).start()


def test_an_address_that_is_not_listed_is_raised(exchange: Simulator) -> None:
    """The error has the remedy."""
    account = exchange.upbit(allowed_ips=["192.0.2.1"])
    with pytest.raises(AuthenticationError, match="IP"):
        AssetStream(account.exchange()).start()


def test_a_handler_that_raises_does_no_harm(account: Account) -> None:
    """``on_error`` gets update and cause; the stream goes on."""
    recorder = EventRecorder()

    def fail(update: AssetUpdate) -> None:
        raise RuntimeError("mine")

    with AssetStream(account.exchange(), on_asset=fail, on_error=recorder) as stream:
        error = recorder.wait_for(lambda e: isinstance(e, CallbackError))
        assert stream.state is State.LIVE
        assert isinstance(error.update, AssetUpdate)
        assert error.callback is fail
        assert isinstance(error.__cause__, RuntimeError)
        assert not error.fatal
        account.deposit("BTC", "1")
        recorder.wait_for(
            lambda e: isinstance(e, CallbackError) and e.update.available == 2
        )
        assert stream.health().callback_errors >= 3


def test_without_on_error_errors_are_logged(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    """No error is dropped silently."""
    logged = EventRecorder()

    def fail(update: AssetUpdate) -> None:
        raise RuntimeError("mine")

    stream = AssetStream(account.exchange(), on_asset=fail)
    stream.on_asset(logged)
    with stream:
        logged.wait_for(lambda e: e.currency == "USDT")
        # The next delivery comes after the first error was logged.
        account.deposit("BTC", "1")
        logged.wait_for(lambda e: e.source is Source.STREAM)

    record = next(r for r in caplog.records if "mine" in r.getMessage())
    assert record.name == "assetstream"
    assert record.levelname == "ERROR"
    assert record.exc_info is not None


def test_an_exception_that_cannot_be_shown_does_no_harm(account: Account) -> None:
    """The ``str`` of an exception is the user's code, too."""

    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    def fail(update: AssetUpdate) -> None:
        raise Broken

    recorder = EventRecorder()
    with AssetStream(account.exchange(), on_asset=fail, on_error=recorder):
        account.deposit("BTC", "1")
        error = recorder.wait_for(lambda e: e.update.available == 2)
    assert "Broken" in str(error)


def test_a_raise_in_on_error_is_logged_not_delivered_again(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    """A second delivery would raise again, without end."""
    called = EventRecorder()

    def fail(event: object) -> None:
        called(event)
        raise RuntimeError("mine")

    with AssetStream(
        account.exchange(), on_asset=fail, on_error=fail, on_state=fail
    ) as stream:
        called.wait_for(lambda e: isinstance(e, CallbackError))
        assert stream.state is State.LIVE
    errors = called.of(CallbackError)

    assert all(isinstance(e.update, AssetUpdate) for e in errors)
    assert "handler" in caplog.text


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_an_exit_out_of_a_callback_stops_the_stream(
    account: Account, kind: type[BaseException]
) -> None:
    """SystemExit is raised from ``run_forever``, or the iteration."""

    def leave(update: AssetUpdate) -> None:
        raise kind("enough")

    stream = AssetStream(account.exchange(), on_asset=leave)
    with pytest.raises(kind, match="enough"):
        stream.run_forever()
    assert stream.state is State.STOPPED

    stream = AssetStream(account.exchange(), on_asset=leave)

    def iterate() -> None:
        for _ in stream:
            pass

    with pytest.raises(kind, match="enough"):
        iterate()
    assert stream.stop()
    with pytest.raises(kind, match="enough"):  # Nor does it get lost later.
        iterate()


def test_balance_of_a_currency_never_held(account: Account) -> None:
    """The balance is zero after the snapshot, and unknown before."""
    stream = AssetStream(account.exchange())
    with pytest.raises(StaleBalance):
        stream.balance("ETH")
    with stream:
        balance = stream.balance("eth")
        assert (balance.currency, balance.total, balance.stale) == ("ETH", 0, False)
        assert "ETH" not in stream.balances


def test_an_old_balance_is_refused(
    exchange: Simulator, account: Account, time_machine: Any
) -> None:
    """``max_age`` counts from the last proof, also while disconnected."""
    with AssetStream(account.exchange()) as stream:
        held = stream.balance("BTC", max_age=60)
        with exchange.refuse_upgrades(503):
            recorder = EventRecorder()
            stream.on_state(recorder)
            exchange.drop_connections()
            recorder.wait_for_state(State.STALE)
            assert held.stale
            time_machine.jump(61)
            assert held.age > 61
            with pytest.raises(StaleBalance, match="more than 60 s"):
                stream.balance("BTC", max_age=60)
            assert stream.balance("BTC").available == 1


def test_a_replaced_balance_is_stale(
    account: Account, time_machine: TimeMachine
) -> None:
    """A replaced balance keeps its amounts, and is stale."""
    with AssetStream(account.exchange()) as stream:
        before = stream.balance("BTC")
        time_machine.jump(3, stream)  # Certainly newer than the snapshot.
        with stream.expect(lambda u: u.currency == "BTC", PATIENCE):
            account.deposit("BTC", "1")
        assert before.stale
        assert before.available == 1
        assert not stream.balance("BTC").stale


def test_balances_are_kept_after_the_end(account: Account) -> None:
    """The last balances stay, marked stale."""
    with AssetStream(account.exchange()) as stream:
        pass

    assert stream.balances["BTC"].available == 1
    assert stream.balances["BTC"].stale
    with pytest.raises(TypeError):
        stream.balances["BTC"] = None  # type: ignore[index]


def test_handlers_can_be_added_and_removed(account: Account) -> None:
    """Any thread may do so while the stream runs."""
    first, second = EventRecorder(), EventRecorder()
    stream = AssetStream(account.exchange(), on_asset=first)
    with stream:
        first.wait_for(lambda e: e.currency == "USDT")
        assert stream.on_asset(second) is second
        stream.off(first)
        stream.off(print)
        account.deposit("BTC", "1")
        second.wait_for(lambda e: e.available == 2)

    assert not [u for u in first.updates if u.source is Source.STREAM]


def test_health(account: Account) -> None:
    """A healthy stream has these figures."""
    stream = AssetStream(account.exchange(), audit_interval=40)
    assert stream.health().state is State.NEW
    with stream:
        health = stream.health()

        assert health.state is State.LIVE
        assert health.uptime > 0
        assert health.reconnects == 0
        assert health.last_proof is not None
        assert health.last_proof < PATIENCE
        assert health.audit_interval == 40
        assert health.detection_time is not None
        assert 80 < health.detection_time < 200
        assert health.in_doubt == ()
        assert health.error is None
    with AssetStream(account.exchange(), audit_interval=None) as stream:
        assert stream.health().audit_interval is None
        assert stream.health().detection_time is None


def test_repr_shows_the_state_and_no_secret(account: Account) -> None:
    """The reprs of stream and exchange are checked."""
    stream = AssetStream(account.exchange())
    shown = f"{stream!r} {stream.exchange!r}"

    assert "NEW" in shown
    assert account.secret_key not in shown
    assert account.credentials.key not in shown


def test_a_stream_is_not_pickled(account: Account) -> None:
    """A stream has threads and a key."""
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(AssetStream(account.exchange()))


def test_an_unreadable_frame_goes_to_on_error(
    account: Account, time_machine: TimeMachine
) -> None:
    """The error has the frame without secrets; the stream goes on."""
    recorder = EventRecorder()
    with AssetStream(account.exchange(), **recorder.handlers()) as stream:
        (session,) = account._subscribers
        cut_off = (
            b'{"type":"myAsset","assets":[{"currency":"' + account.secret_key.encode()
        )
        session.connection.send(Message(Kind.PUSH, cut_off, binary=True))
        error = recorder.wait_for(lambda e: isinstance(e, ProtocolError))
        assert account.secret_key.encode() not in error.frame
        assert b"***" in error.frame
        assert stream.state is State.LIVE
        # The frame may have been about any currency.
        assert set(stream.health().in_doubt) == {"BTC", "USDT"}
        assert stream.balance("BTC").stale
        time_machine.jump(3, stream)  # Certainly newer than that frame.
        with stream.expect(lambda u: u.currency == "BTC", PATIENCE):
            account.deposit("BTC", "1")
        assert not stream.balance("BTC").stale


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"on_asset": 5}, "on_asset must be a function"),
        ({"on_error": "print"}, "on_error must be a function"),
        ({"on_state": asyncio.sleep}, "on_state is async"),
        ({"account": ""}, "account"),
        ({"audit_interval": 0}, "audit_interval"),
        ({"audit_interval": "often"}, "audit_interval"),
        ({"connect_timeout": -1}, "connect_timeout"),
        ({"connect_timeout": float("nan")}, "connect_timeout"),
        ({"max_pending": 0}, "max_pending"),
        ({"max_pending": 1.5}, "max_pending"),
        ({"proxy": 8080}, "proxy"),
        ({"ssl_context": True}, "ssl_context"),
        ({"ssl_context": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)}, None),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], words: str | None) -> None:
    """The error is raised at once, and is a ValueError too."""
    exchange = CoinW("key", "secret")
    if words is None:
        AssetStream(exchange, **arguments)
        return
    with pytest.raises(ConfigurationError, match=words) as raised:
        AssetStream(exchange, **arguments)
    assert isinstance(raised.value, ValueError)


def test_a_context_that_does_not_verify_is_refused() -> None:
    """Certificates are always verified."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    with pytest.raises(ConfigurationError, match="does not verify"):
        AssetStream(CoinW("key", "secret"), ssl_context=context)


@pytest.mark.parametrize("wrong", [None, "upbit", Upbit])
def test_what_is_no_exchange_is_refused(wrong: Any) -> None:
    """The error has an example."""
    with pytest.raises(ConfigurationError, match="Upbit"):
        AssetStream(wrong)


def test_the_constructor_only_stores(account: Account) -> None:
    """No thread and no connection is made."""
    before = threading.active_count()
    stream = AssetStream(account.exchange())

    assert threading.active_count() == before
    assert stream.state is State.NEW
    assert stream.balances == {}
    assert account.seen.connections == 0


def test_errors_carry_exchange_and_account(exchange: Simulator) -> None:
    """A program with many accounts can tell their errors apart."""
    account = exchange.coinw()
    recorder = EventRecorder()
    stream = AssetStream(account.exchange(), on_error=recorder, account="savings")
    with exchange.refuse_logins(), pytest.raises(AuthenticationError):
        stream.start()
    error = recorder.wait_for(lambda e: isinstance(e, AssetStreamError))

    assert (error.exchange, error.account) == ("coinw", "savings")
    assert Decimal(0) == stream.balances.get("BTC", Decimal(0))
