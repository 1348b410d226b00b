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
from tests.support.certificates import serving
from tests.support.clock import TimeMachine
from tests.support.event_recorder import EventRecorder

pytestmark = pytest.mark.usefixtures("no_rate_limits")

#: One fault for each way to refuse a login for good, by the upgrade, an error, and the
#: answer to a login: the error, and the exchange's own code. What each form means is
#: tested where it is read.
REFUSED: dict[str, tuple[type[ExchangeError], str]] = {
    "login_out_of_scope": (PermissionDenied, "out_of_scope"),
    "login_invalid_auth": (AuthenticationError, "INVALID_AUTH"),
    "login_refused": (AuthenticationError, "1003"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_login_is_final(name: str, exchange: Simulator) -> None:
    """Before the first LIVE it fails the stream with the exchange's code and words."""
    account: Account = getattr(exchange, FAULTS[name].exchange)({"BTC": "1"})
    stream = AssetStream(account.exchange())
    kind, code = REFUSED[name]
    with exchange.fault(name), pytest.raises(kind) as raised:
        stream.start()

    assert type(raised.value) is kind
    assert raised.value.fatal
    assert raised.value.code == code
    assert raised.value.message
    assert stream.state is State.FAILED
    assert account.secret_key not in str(raised.value)
    stream.stop()


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


def test_a_tls_handshake_that_is_never_answered(
    authority: trustme.CA, trusting: ssl.SSLContext, outwait: Callable[[str], None]
) -> None:
    """The attempt ends in time, the error names the handshake, and it is retried."""
    seen = EventRecorder()
    with Simulator(ssl_context=serving(authority), rate_limits=False) as secure:
        account = secure.coinw({"BTC": "1"})
        stream = AssetStream(
            account.exchange(), **seen.handlers(), ssl_context=trusting
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
    exchange: Simulator, account: Account, time_machine: TimeMachine
) -> None:
    """``Date`` and pushes are two hours ahead alike, so nothing is in doubt."""
    seen = EventRecorder()
    with (
        exchange.fault("clock_jump", seconds=7200),
        AssetStream(account.exchange(), **seen.handlers()) as stream,
    ):
        time_machine.jump(3)  # What comes is certainly newer than the snapshot.
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
