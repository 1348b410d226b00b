"""Streams under faults that have several forms."""

from __future__ import annotations

import ssl
from typing import Callable

import pytest
import trustme

from assetstream import (
    AssetStream,
    AssetUpdate,
    AuthenticationError,
    ConnectionLost,
    PermissionDenied,
    ProtocolError,
    Source,
    State,
)
from assetstream.model.errors import ExchangeError
from assetstream.simulator import FAULTS, Simulator
from assetstream.simulator.account import Account
from tests.support.balances import known_balances, true_balances
from tests.support.clock import TimeMachine
from tests.support.event_recorder import EventRecorder

pytestmark = pytest.mark.usefixtures("no_rate_limits")

#: Faults that refuse a login for good: the error, and the exchange's own code.
REFUSED: dict[str, tuple[type[ExchangeError], str]] = {
    "login_no_authorization_token": (AuthenticationError, "no_authorization_token"),
    "login_invalid_query_payload": (AuthenticationError, "invalid_query_payload"),
    "login_jwt_verification": (AuthenticationError, "jwt_verification"),
    "login_invalid_access_key": (AuthenticationError, "invalid_access_key"),
    "login_expired_access_key": (AuthenticationError, "expired_access_key"),
    "login_no_authorization_ip": (AuthenticationError, "no_authorization_ip"),
    "login_no_authorization_i_p": (AuthenticationError, "no_authorization_i_p"),
    "login_out_of_scope": (PermissionDenied, "out_of_scope"),
    "login_out_of_scope_401": (PermissionDenied, "out_of_scope"),
    "login_thirdparty_agreement_required": (
        PermissionDenied,
        "thirdparty_agreement_required",
    ),
    "login_invalid_auth": (AuthenticationError, "INVALID_AUTH"),
    "login_refused": (AuthenticationError, "1003"),
    "login_refused_msg": (AuthenticationError, "1003"),
    "login_refused_type": (AuthenticationError, "1003"),
    "login_refused_bare": (AuthenticationError, "1003"),
    "login_refused_no_code": (AuthenticationError, ""),
}
#: Faults that may pass: the next try has a new nonce; an answer may have been lost.
PASSING = {"login_nonce_used", "login_unanswered"}


def test_every_form_of_a_refused_login_is_known_here() -> None:
    """A new form must be added to this table."""
    forms = {name for name in FAULTS if name.startswith("login_")}
    assert forms == REFUSED.keys() | PASSING


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_login_is_final_in_each_form(name: str, exchange: Simulator) -> None:
    """Before the first LIVE it fails the stream with the exchange's code and words."""
    account: Account = getattr(exchange, FAULTS[name].exchange)({"BTC": "1"})
    stream = AssetStream(account.exchange())
    kind, code = REFUSED[name]
    with exchange.fault(name), pytest.raises(kind) as raised:
        stream.start()

    assert type(raised.value) is kind
    assert raised.value.fatal
    assert raised.value.code == code
    assert bool(raised.value.message) is (name != "login_refused_no_code")
    assert stream.state is State.FAILED
    assert account.secret_key not in str(raised.value)
    stream.stop()


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_login_may_pass_once_it_was_live(
    name: str, exchange: Simulator
) -> None:
    """The refusal is an error event, and is tried again."""
    account: Account = getattr(exchange, FAULTS[name].exchange)({"BTC": "1"})
    seen = EventRecorder()
    with AssetStream(account.exchange(), **seen.handlers()) as stream:
        with exchange.fault(name):
            exchange.drop_connections()
            error = seen.wait_for(lambda event: isinstance(event, REFUSED[name][0]))
            account.deposit("BTC", "1")
        seen.wait_for_state(State.LIVE, times=2)
        assert known_balances(stream) == true_balances(account)

    assert not error.fatal


def test_a_nonce_that_was_used_is_tried_anew(exchange: Simulator) -> None:
    """The next attempt has a new nonce."""
    account = exchange.upbit({"BTC": "1"})
    seen = EventRecorder()
    stream = AssetStream(account.exchange(), **seen.handlers())
    try:
        with exchange.fault("login_nonce_used"):
            stream.start(wait=False)
            error = seen.wait_for(lambda e: isinstance(e, AuthenticationError))
        seen.wait_for_state(State.LIVE)
    finally:
        stream.stop()

    assert not error.fatal
    assert error.code == "nonce_used"


def test_a_tls_handshake_that_is_never_answered(outwait: Callable[[str], None]) -> None:
    """The attempt ends in time, the error names the handshake, and it is retried."""
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    seen = EventRecorder()
    with Simulator(ssl_context=server, rate_limits=False) as secure:
        account = secure.coinw({"BTC": "1"})
        stream = AssetStream(
            account.exchange(),
            **seen.handlers(),
            ssl_context=trust,
        )
        try:
            with secure.fault("handshake_tls_unanswered"):
                outwait("in the TLS handshake")
                outwait("in the TLS handshake")
                stream.start(wait=False)
                error = seen.wait_for(lambda e: isinstance(e, ConnectionLost))
                seen.wait_for(lambda e: len(seen.of(ConnectionLost)) >= 2)
            seen.wait_for_state(State.LIVE)
        finally:
            stream.stop()

    assert "in time while in the TLS handshake" in str(error)
    assert not error.fatal


def test_k3_a_clock_that_was_wrong_all_the_time_is_corrected(
    exchange: Simulator, account: Account
) -> None:
    """``Date`` and pushes are two hours ahead alike, so nothing is in doubt."""
    seen = EventRecorder()
    with (
        exchange.fault("clock_jump", seconds=7200),
        AssetStream(account.exchange(), **seen.handlers()) as stream,
    ):
        account.deposit("BTC", "1")
        seen.wait_for(
            lambda e: isinstance(e, AssetUpdate) and e.source is Source.STREAM
        )
        assert not stream.balance("BTC").stale
        assert stream.health().in_doubt == ()

    assert not seen.of(ProtocolError)


def test_k3_a_clock_that_jumps_on_an_open_connection_is_reported(
    exchange: Simulator, account: Account
) -> None:
    """The push is applied, and its currency is in doubt."""
    seen = EventRecorder()
    with AssetStream(account.exchange(), **seen.handlers()) as stream:
        with exchange.fault("clock_jump", seconds=7200):
            account.deposit("BTC", "1")
            error = seen.wait_for(lambda e: isinstance(e, ProtocolError))
        assert stream.balance("BTC").total == 2

    assert error.currency == "BTC"


def test_a_dead_path_is_noticed_and_left(
    exchange: Simulator, account: Account, time_machine: TimeMachine
) -> None:
    """L1: without a FIN, silence ends the connection; a new one recovers."""
    seen = EventRecorder()
    with AssetStream(account.exchange(), **seen.handlers()) as stream:
        with exchange.fault("dead_path"):
            account.deposit("BTC", "1")
        limits = stream.exchange.limits
        time_machine.jump(limits.ping_interval + limits.pong_timeout + 1.0, stream)
        seen.wait_for_state(State.LIVE, times=2)
        assert known_balances(stream) == true_balances(account)
        assert stream.health().reconnects == 1
