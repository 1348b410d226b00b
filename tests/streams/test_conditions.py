"""``wait_until`` and ``verify``: waits for balances that are as they should be."""

from __future__ import annotations

import threading
from typing import Any, Callable, Iterator, Mapping

import pytest

from assetstream import (
    AssetStream,
    Balance,
    ConfigurationError,
    ConnectionLost,
    ProtocolError,
    StaleBalance,
    State,
    StateChange,
    StreamGroup,
    StreamStateError,
    StreamTimeout,
)
from assetstream.runtime.loop import clock
from assetstream.simulator import Fault, Reply, Request, Simulator
from assetstream.simulator.account import Account
from assetstream.simulator.messages import Kind, Message
from tests.support.clock import TimeMachine, fast_time
from tests.support.documents import block_with
from tests.support.event_recorder import PATIENCE, EventRecorder
from tests.support.groups import BALANCES

pytestmark = pytest.mark.usefixtures("no_rate_limits")

Held = Mapping[str, Balance]


@pytest.fixture
def fast() -> Iterator[None]:
    """A clock by which the 5 s between audits are soon over."""
    with fast_time():
        yield


class Unread(Fault):
    """Answers every read by 503."""

    def rest(self, request: Request) -> Reply | None:
        return Reply(503, b"maintenance", {})


# wait_until


def test_what_is_true_already_returns_at_once(account: Account) -> None:
    """A timeout of 0 is enough; the balances that met it are returned."""
    with AssetStream(account.exchange()) as stream:
        held = stream.wait_until(lambda b: b["USDT"].available >= 1000, timeout=0)

    assert held["USDT"].available == 1000


def test_the_example_of_its_docstring_runs(account: Account) -> None:
    """The account holds 1000."""
    code = block_with("held = ", "assetstream.Stream.wait_until")
    with AssetStream(account.exchange()) as stream:
        names: dict[str, Any] = {"stream": stream}
        exec(code, names)

    assert names["held"]["USDT"].total == 1000


def test_it_waits_for_the_balances_to_change(account: Account) -> None:
    """A currency that is not held counts as not yet true."""
    with AssetStream(account.exchange()) as stream:
        asked = threading.Event()

        def condition(balances: Held) -> bool:
            asked.set()
            return balances["ETH"].available == 2

        def deposit() -> None:
            asked.wait(PATIENCE)
            account.deposit("ETH", "2")

        thread = threading.Thread(target=deposit)
        thread.start()
        held = stream.wait_until(condition, timeout=PATIENCE)
        thread.join()

    assert held["ETH"].total == 2


def test_what_changes_without_an_event_is_noticed(account: Account) -> None:
    """Nothing is published when a number has become older, or is in doubt no more."""
    with AssetStream(account.exchange()) as stream:
        asked: list[float] = []

        def condition(balances: Held) -> bool:
            asked.append(balances["BTC"].verified)
            return len(asked) > 2 and asked[-1] > asked[0]

        stream.wait_until(condition, timeout=PATIENCE)


def test_only_while_live(
    exchange: Simulator, account: Account, time_machine: TimeMachine
) -> None:
    """STALE balances may be out of date, whatever they say."""
    recorder = EventRecorder()
    with AssetStream(account.exchange(), **recorder.handlers()) as stream:
        with exchange.refuse_upgrades(503):
            exchange.drop_connections()
            recorder.wait_for_state(State.STALE)
            with pytest.raises(StreamTimeout, match="the stream was STALE") as caught:
                stream.wait_until(lambda b: True, timeout=0)
        assert isinstance(caught.value.__cause__, ConnectionLost)
        stream.wait_until(lambda b: True, timeout=PATIENCE)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (lambda b: b["ETH"].total > 0, "KeyError: 'ETH', which is not held"),
        (lambda b: b["BTC"].total > 5, "it held BTC 1, USDT 1000$"),
    ],
)
def test_a_timeout_says_what_was_missing(
    account: Account, condition: Callable[[Held], bool], words: str
) -> None:
    """The currency that is not held, or the balances of the moment."""
    with (
        AssetStream(account.exchange()) as stream,
        pytest.raises(StreamTimeout, match=words) as caught,
    ):
        stream.wait_until(condition, timeout=0.01)

    text = str(caught.value)
    assert "waited 0.01 s for the balances to meet the condition" in text
    assert "the stream was LIVE" in text


def test_an_account_that_holds_nothing_says_so(exchange: Simulator) -> None:
    """The text is no list of zeros."""
    account = exchange.upbit({})
    with (
        AssetStream(account.exchange()) as stream,
        pytest.raises(StreamTimeout, match="it held nothing"),
    ):
        stream.wait_until(lambda b: len(b) > 0, timeout=0)


def test_another_error_of_the_condition_is_the_callers(account: Account) -> None:
    """Only a KeyError means: not yet."""
    with AssetStream(account.exchange()) as stream, pytest.raises(ZeroDivisionError):
        stream.wait_until(lambda b: 1 / 0, timeout=PATIENCE)


def test_a_condition_that_returns_a_coroutine_is_refused(account: Account) -> None:
    """It would count as true."""

    async def later(balances: Held) -> bool:
        return False

    with (
        AssetStream(account.exchange()) as stream,
        pytest.raises(ConfigurationError, match="condition returned a coroutine"),
    ):
        stream.wait_until(lambda b: later(b), timeout=PATIENCE)


# verify


def audits_of(stream: AssetStream) -> int:
    return stream.health().audits


@pytest.mark.parametrize("interval", ["exchange", None])
def test_a1_an_audit_is_made_now(account: Account, fast: None, interval: Any) -> None:
    """Switched off or not; every balance is verified since the call."""
    with AssetStream(account.exchange(), audit_interval=interval) as stream:
        stream.verify(timeout=PATIENCE)
        verified = stream.balance("BTC", verified=PATIENCE).verified
        audits = audits_of(stream)
        stream.verify(timeout=PATIENCE)

        assert audits >= 1
        assert audits_of(stream) > audits
        assert verified < PATIENCE
        assert stream.balance("ETH", verified=PATIENCE).total == 0
        assert stream.health().in_doubt == ()


def test_a1_it_finds_what_was_never_pushed(account: Account, fast: None) -> None:
    """It returns when the second read has settled it, and the stream is LIVE (A5)."""
    with AssetStream(account.exchange(), audit_interval=None) as stream:
        # REST may have been 10 s behind when the first balances came.
        came = stream._run.started().present.taken_at["BTC"]
        stream.wait_until(lambda b: clock.now() > came + 11, timeout=PATIENCE)
        with account.mute():
            account.deposit("BTC", "4")
        assert stream.balance("BTC", max_age=PATIENCE).available == 1
        stream.verify(timeout=PATIENCE)

        assert stream.balance("BTC", max_age=PATIENCE).available == 5


def test_its_timeout_names_what_was_waited_for(
    exchange: Simulator, account: Account, time_machine: TimeMachine
) -> None:
    """The last error is its cause."""
    recorder = EventRecorder()
    with AssetStream(account.exchange(), on_error=recorder) as stream:
        with exchange.faults.add(Unread()):
            with pytest.raises(StreamTimeout, match="waited 0 s for REST to be comp"):
                stream.verify(timeout=0)
            time_machine.jump(10, stream)
            error = recorder.wait_for(lambda e: True)
            with pytest.raises(StreamTimeout, match="for REST to be compared") as end:
                stream.verify(timeout=0)
        assert end.value.__cause__ is error


def test_what_is_still_in_doubt_can_be_seen(
    account: Account, recorder: EventRecorder
) -> None:
    """Nothing pretends to be certain; each doubt has its words."""
    with AssetStream(account.exchange(), **recorder.handlers()) as stream:
        (session,) = account._subscribers
        session.connection.send(Message(Kind.PUSH, b'{"type":', binary=True))
        recorder.wait_for(lambda e: isinstance(e, ProtocolError))
        with pytest.raises(StreamTimeout):
            stream.verify(timeout=0)

        doubts = stream.health().doubts
        assert set(doubts) == {"BTC", "USDT"}
        assert doubts["BTC"].startswith("something came at ")
        for currency in ("BTC", "ETH"):
            with pytest.raises(StaleBalance, match="is in doubt: something") as caught:
                stream.balance(currency, max_age=PATIENCE)
            assert doubts["BTC"] in str(caught.value)


# All waits


WAITS: dict[str, Callable[[AssetStream], object]] = {
    "wait_until": lambda stream: stream.wait_until(lambda b: False),
    "verify": lambda stream: stream.verify(timeout=None),
}


@pytest.mark.parametrize("wait", ["wait_until", "verify"])
def test_waiting_inside_a_callback_is_refused(account: Account, wait: str) -> None:
    """A callback would wait for itself."""
    caught = EventRecorder()
    stream = AssetStream(account.exchange())

    @stream.on_state
    def try_it(change: StateChange) -> None:
        if change.current is State.LIVE:
            try:
                WAITS[wait](stream)
            except StreamStateError as error:
                caught(error)

    with stream:
        assert "inside a callback" in str(caught.wait_for(lambda e: True))
        assert stream.state is State.LIVE


@pytest.mark.parametrize("wait", ["wait_until", "verify"])
@pytest.mark.parametrize("end", ["stopped", "failed"])
def test_the_end_of_the_stream_ends_it(
    exchange: Simulator, account: Account, wait: str, end: str
) -> None:
    """At once, with the error of a stream that failed."""
    raised = EventRecorder()
    stream = AssetStream(account.exchange(), on_error=lambda error: None)
    stream.start()

    def waiting() -> None:
        try:
            WAITS[wait](stream)
        except Exception as error:
            raised(error)

    with exchange.faults.add(Unread()):
        thread = threading.Thread(target=waiting)
        thread.start()
        if end == "stopped":
            stream.stop()
        else:
            engine = stream._run.started()
            engine.post(lambda: 1 / 0)  # type: ignore[arg-type, return-value]
        error = raised.wait_for(lambda e: True)
        thread.join()

    if end == "stopped":
        assert isinstance(error, StreamStateError)
        assert "was stopped" in str(error)
    else:
        assert error is stream.error
    stream.stop()


@pytest.mark.parametrize("wait", ["wait_until", "verify"])
def test_it_needs_a_started_stream(account: Account, wait: str) -> None:
    """The error has the remedy."""
    stream = AssetStream(account.exchange())
    with pytest.raises(StreamStateError, match=r"Call start\(\) first"):
        WAITS[wait](stream)
    stream.stop()
    with pytest.raises(StreamStateError, match="Make a new AssetStream"):
        WAITS[wait](stream)


# Groups


def test_a_group_verifies_all_of_its_accounts(exchange: Simulator, fast: None) -> None:
    """Those of both exchanges, within one time."""
    group = StreamGroup(
        AssetStream(account.exchange(), account=label, audit_interval=None)
        for label, account in {
            "a": exchange.upbit(BALANCES),
            "b": exchange.coinw(BALANCES),
        }.items()
    )
    with group:
        group.verify(timeout=PATIENCE)
        assert [audits_of(stream) for stream in group] == [1, 1]
        assert group.total("BTC", max_age=PATIENCE, verified=PATIENCE) == 2
    with pytest.raises(StreamStateError):
        group.verify()


def test_a_group_s_verify_names_the_account_that_is_late(exchange: Simulator) -> None:
    """The text has its label."""
    account = exchange.upbit(BALANCES)
    with (
        StreamGroup([AssetStream(account.exchange(), account="late")]) as group,
        pytest.raises(StreamTimeout, match=r"^late: waited 0 s for REST"),
    ):
        group.verify(timeout=0)


def test_a_group_s_verify_is_refused_in_its_callbacks(exchange: Simulator) -> None:
    """The callback threads are those of all accounts."""
    account = exchange.upbit(BALANCES)
    caught = EventRecorder()
    group = StreamGroup([AssetStream(account.exchange(), account="a")])

    @group.on_state
    def try_it(change: StateChange) -> None:
        if change.current is State.LIVE:
            try:
                group.verify()
            except StreamStateError as error:
                caught(error)

    with group:
        assert "inside a callback" in str(caught.wait_for(lambda e: True))
