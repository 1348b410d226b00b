"""The WebSocket's checks, by the doctor's own stream or a running stream's health."""

from __future__ import annotations

import re
import threading
from functools import partial
from typing import Any, Iterable

import pytest

from assetstream import AssetStream, State, StreamStateError, Verdict
from assetstream.doctor import connection
from assetstream.exchanges.upbit import conversation
from assetstream.simulator import FAULTS, Connection, Kind, Simulator
from assetstream.simulator.account import Account
from assetstream.simulator.catalogue.common import Withhold
from assetstream.simulator.faults import Fault
from assetstream.simulator.messages import Message
from tests.doctor.conftest import Examine, named, verdicts
from tests.support.event_recorder import PATIENCE, EventRecorder
from tests.support.specs import FIRST_HINTS

ALL = ("WebSocket", "subscription", "ping", "pushes")


def found(diagnosis: Any) -> list[str]:
    """Return the verdicts of the WebSocket's steps."""
    return [verdicts(diagnosis)[name] for name in ALL]


def test_the_proof_is_shown(examine: Examine, account: Account) -> None:
    """The report names the exchange's own acknowledgement, if there is one."""
    diagnosis = examine(account.exchange())

    own = {"upbit": "list of subscriptions", "coinw": "acknowledgements of login"}
    assert own[account.name] in named(diagnosis, "subscription").finding
    assert re.search(r"after \d+(\.\d)? ms", named(diagnosis, "ping").finding)


class RefusesList(Fault):
    """Refuses LIST_SUBSCRIPTIONS, and nothing else."""

    def received(self, connection: Connection, payload: bytes) -> bytes | None:
        if b"LIST_SUBSCRIPTIONS" in payload:
            connection.session.fail("WRONG_FORMAT")  # type: ignore[union-attr]
            return None
        return payload


@pytest.mark.parametrize("fault", [Withhold(kinds=[Kind.LIST]), RefusesList()])
def test_a_pong_is_a_proof(
    examine: Examine,
    exchange: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
) -> None:
    """If Upbit ignores or refuses LIST, the answer to a ping is the proof."""
    monkeypatch.setattr(conversation, "LIST_TIMEOUT_S", 0.1)
    account = exchange.upbit({"BTC": "1"})
    with exchange.faults.add(fault):
        diagnosis = examine(account.exchange())

    assert "a ping sent after it" in named(diagnosis, "subscription").finding
    assert found(diagnosis) == ["GREEN"] * 4


def test_a_refused_subscription_is_red(
    examine: Examine, exchange: Simulator, account: Account
) -> None:
    """The report quotes the exchange, brackets included."""
    with exchange.fault("subscribe_refused"):
        diagnosis = examine(account.exchange())
    red = next(check for check in diagnosis if check.verdict is Verdict.RED)

    assert red.name in ("subscription", "ping")
    assert re.search(r"subscription \((INVALID_PARAM|1007): .*\)", red.finding)
    assert red.remedies


def test_silence_is_explained_and_no_alarm(
    examine: Examine, exchange: Simulator
) -> None:
    """Upbit's first use and CoinW's deposits have no push, which is no fault."""
    upbit = exchange.upbit({"BTC": "1"}, first_use_silence=True)
    coinw = exchange.coinw({"BTC": "1"})
    first, other = (named(examine(a.exchange()), "pushes") for a in (upbit, coinw))

    assert first.verdict is other.verdict is Verdict.GREEN
    assert "first connection that an account ever makes" in first.finding
    assert "deposits" in other.finding


def test_pushes_are_counted(
    examine: Examine, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The count of pushes replaces the explanation of silence."""
    monkeypatch.setattr(connection, "PING_INTERVAL", 0.1)
    with account.trade(100):
        diagnosis = examine(account.exchange())

    assert re.search(r"\d+ came meanwhile", named(diagnosis, "pushes").finding)


@pytest.mark.parametrize(
    "fault", ["login_no_authorization_ip", "login_invalid_auth", "login_refused"]
)
def test_a_refused_login_shows_place_and_reason(
    examine: Examine, exchange: Simulator, fault: str
) -> None:
    """The login can be refused though REST accepted the key; hints follow."""
    account = getattr(exchange, FAULTS[fault].exchange)({"BTC": "1"})
    with exchange.fault(fault):
        diagnosis = examine(account.exchange())
    red = next(check for check in diagnosis if check.verdict is Verdict.RED)

    in_a_frame = account.name == "coinw" or fault == "login_invalid_auth"
    assert red.name == ("subscription" if in_a_frame else "WebSocket")
    assert " refused the " in red.finding
    assert re.search(FIRST_HINTS[fault], red.remedies[0])
    assert verdicts(diagnosis)["REST"] == "GREEN"
    assert verdicts(diagnosis)["ping"] == "SKIPPED"


@pytest.mark.parametrize(
    ("fault", "step", "words"),
    [
        ("upgrade_500", "WebSocket", "HTTP 500"),
        ("upgrade_403", "WebSocket", "HTTP 403 .* not in"),
        ("upgrade_redirect", "WebSocket", "HTTP 302"),
        ("handshake_wrong_key", "WebSocket", "."),
    ],
)
def test_a_refused_upgrade_is_red(
    examine: Examine,
    exchange: Simulator,
    account: Account,
    fault: str,
    step: str,
    words: str,
) -> None:
    """The upgrade is tried twice; the steps after it are skipped."""
    with exchange.fault(fault):
        diagnosis = examine(account.exchange())
    check = named(diagnosis, step)

    assert check.verdict is Verdict.RED
    assert re.search(words, check.finding)
    assert check.remedies
    assert found(diagnosis) == ["RED", "SKIPPED", "SKIPPED", "SKIPPED"]


@pytest.mark.parametrize(
    ("fault", "step"),
    [
        ("handshake_unanswered", "WebSocket"),
        ("login_unanswered", "subscription"),
        ("subscribe_unanswered", "subscription"),
    ],
)
def test_what_is_never_answered_ends_in_time(
    examine: Examine,
    exchange: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    step: str,
) -> None:
    """The check names the missing answer, and the others are skipped."""
    monkeypatch.setattr(connection, "PHASE_TIME", 0.25)
    account = exchange.coinw({"BTC": "1"})
    with exchange.fault(fault):
        diagnosis = examine(account.exchange())
    check = named(diagnosis, step)

    assert check.verdict is Verdict.RED
    assert "in time" in check.finding
    assert verdicts(diagnosis)["ping"] == "SKIPPED"


def test_a_ping_without_an_answer_is_red(
    examine: Examine, exchange: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The subscription is good, but the connection cannot be kept alive."""
    monkeypatch.setattr(connection, "PHASE_TIME", 0.25)
    account = exchange.upbit({"BTC": "1"})
    with exchange.withhold(Kind.PONG):
        diagnosis = examine(account.exchange())

    assert found(diagnosis) == ["GREEN", "GREEN", "RED", "GREEN"]
    assert "no ping was answered in time" in named(diagnosis, "ping").finding


class ClosesOnceProved(Fault):
    """Closes every connection right after the proof of its subscription."""

    def sending(self, connection: Connection, message: Message) -> Iterable[Message]:
        yield message
        if message.kind is Kind.LIST:
            connection.post(partial(connection.close, 1000, "enough"))


def test_a_connection_that_is_lost_again_is_red(
    examine: Examine, exchange: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection closed before the ping's answer ends the check at once."""
    monkeypatch.setattr(connection, "PING_INTERVAL", 2 * PATIENCE)
    account = exchange.upbit({"BTC": "1"})
    with exchange.faults.add(ClosesOnceProved()):
        check = named(examine(account.exchange()), "ping")

    assert check.verdict is Verdict.RED
    assert "closed the connection with code 1000 (enough)" in check.finding


def test_the_ping_interval_is_the_probes_alone(account: Account) -> None:
    """The examined exchange keeps its own limits."""
    exchange = account.exchange()
    AssetStream(exchange).diagnose(timeout=0)

    assert exchange.limits is type(exchange).limits


@pytest.fixture
def live(no_rate_limits: None, account: Account, recorder: EventRecorder) -> Any:
    with AssetStream(
        account.exchange(), account="alice", **recorder.handlers()
    ) as stream:
        yield stream


def test_a_live_stream_is_not_disturbed(
    live: AssetStream, exchange: Simulator, recorder: EventRecorder
) -> None:
    """No second connection is made; the stream stays LIVE and gives its facts."""
    before = exchange.seen.connections
    diagnosis = live.diagnose()

    assert exchange.seen.connections == before == 1
    assert live.state is State.LIVE
    assert live.health().reconnects == 0
    assert recorder.states == ["CONNECTING", "LIVE"]
    assert diagnosis.account == "alice"
    assert diagnosis.verdict is Verdict.GREEN
    assert "none was opened beside it" in named(diagnosis, "WebSocket").finding


def test_a_stale_stream_gives_its_own_error(
    live: AssetStream, exchange: Simulator, recorder: EventRecorder
) -> None:
    """The finding is the stream's own error."""
    with exchange.refuse_upgrades(503):
        exchange.drop_connections()
        recorder.wait_for_state(State.STALE)
        recorder.wait_for(lambda e: "HTTP 503" in str(e))
        diagnosis = live.diagnose()
    check = named(diagnosis, "WebSocket")

    assert check.verdict is Verdict.RED
    assert check.finding.startswith("the stream is STALE: ")
    assert "HTTP 503" in check.finding
    assert verdicts(diagnosis)["ping"] == "SKIPPED"


@pytest.mark.parametrize("state", ["NEW", "STOPPED", "FAILED"])
def test_it_works_in_every_other_state(
    no_rate_limits: None,
    exchange: Simulator,
    state: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The doctor makes a connection, and ends it."""
    monkeypatch.setattr(connection, "PING_INTERVAL", 0.02)
    account = exchange.upbit({"BTC": "1"})
    stream = AssetStream(account.exchange(), on_error=lambda error: None)
    if state == "FAILED":
        with exchange.refuse_logins(), pytest.raises(Exception, match="refused"):
            stream.start()
    elif state == "STOPPED":
        stream.stop()
    assert stream.state.value == state
    diagnosis = stream.diagnose()

    assert diagnosis.verdict is Verdict.GREEN
    assert stream.state.value == state
    exchange.wait_for_connections(0)


def test_a_callback_may_not_wait_for_it(account: Account) -> None:
    """``diagnose`` in a callback raises, like every other wait."""
    raised: list[BaseException] = []
    done = threading.Event()

    def ask(update: object) -> None:
        try:
            stream.diagnose()
        except StreamStateError as error:
            raised.append(error)
        done.set()

    stream = AssetStream(account.exchange(), on_asset=ask)
    with stream:
        assert done.wait(PATIENCE)

    assert "inside a callback" in str(raised[0])


def test_other_streams_are_not_disturbed(
    examine: Examine,
    exchange: Simulator,
    account: Account,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Other streams of the key are neither warned nor replaced; nothing is logged."""
    with (
        AssetStream(account.exchange()) as stream,
        exchange.faults.add(FAULTS["upgrade_500"].make()),
    ):
        caplog.clear()
        examine(account.exchange())
        assert stream.state is State.LIVE

    assert [record for record in caplog.records if record.name == "assetstream"] == []
