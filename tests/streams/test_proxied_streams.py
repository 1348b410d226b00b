"""Streams that reach their exchange by a real proxy, to LIVE and back to LIVE."""

from __future__ import annotations

import socket
import ssl
from typing import Any, Iterator

import pytest
import trustme

from assetstream import AssetStream, ConnectionLost, State
from assetstream.protocol import Exchange
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from tests.support.balances import known_balances, true_balances
from tests.support.certificates import serving
from tests.support.clock import TimeMachine
from tests.support.event_recorder import EventRecorder
from tests.support.proxies import ProxyProcess
from tests.support.specs import adapter_at

pytestmark = pytest.mark.usefixtures("no_rate_limits", "no_proxies_of_this_machine")

#: A name that only the proxy can look up, and that the certificate is for.
NAME = "exchange.test"
#: An address where nobody listens.
DEAD = "http://127.0.0.1:1"


@pytest.fixture
def no_proxies_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="module")
def proxy() -> Iterator[ProxyProcess]:
    """Give a proxy that requires a user."""
    with ProxyProcess("me:p@ss-w0rd!") as process:
        yield process


@pytest.fixture(scope="module")
def secure(authority: trustme.CA) -> Iterator[Simulator]:
    """Give a simulated exchange whose certificate is for the name alone."""
    with Simulator(
        ssl_context=serving(authority, NAME), rate_limits=False
    ) as simulator:
        yield simulator


@pytest.fixture
def account(secure: Simulator) -> Account:
    """An account at one exchange: a proxy sees nothing but TLS."""
    return secure.coinw({"BTC": "1", "USDT": "1000"})


def by_name(account: Account) -> Exchange:
    """Return the adapter with WebSocket and REST at the name."""
    own = account.exchange()
    return adapter_at(
        own,
        ws_url=own.ws_url.replace("127.0.0.1", NAME),
        rest_url=own.rest_url.replace("127.0.0.1", NAME),
    )


def lives(
    secure: Simulator, account: Account, context: ssl.SSLContext, proxy: str | None
) -> None:
    """Check that it becomes LIVE, gets changes, and recovers after a drop."""
    recorder = EventRecorder()
    with (
        TimeMachine().installed() as machine,
        AssetStream(
            by_name(account), **recorder.handlers(), proxy=proxy, ssl_context=context
        ) as stream,
    ):
        assert known_balances(stream) == true_balances(account)
        with stream.expect(lambda u: u.currency == "BTC", 10) as pushed:
            account.deposit("BTC", "0.5")
        assert pushed.update.change == account.balances["BTC"][0] - 1

        machine.jump(12)  # REST has caught up with the first read.
        assert secure.drop_connections(account=account) == 1
        account.deposit("USDT", "1")
        live = recorder.wait_for_state(State.LIVE, times=2)
        assert live.gap is not None
        assert known_balances(stream) == true_balances(account)
        assert stream.health().reconnects == 1
    assert recorder.states[-1] == "STOPPED"


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_a_stream_lives_behind_a_proxy(
    secure: Simulator,
    account: Account,
    trusting: ssl.SSLContext,
    proxy: ProxyProcess,
    scheme: str,
) -> None:
    """``proxy=`` works for WebSocket and REST, with a user, over TLS."""
    lives(secure, account, trusting, proxy.url(scheme))


def test_https_proxy_is_used(
    secure: Simulator,
    account: Account,
    trusting: ssl.SSLContext,
    proxy: ProxyProcess,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without ``proxy=`` the environment's is used, at each reconnect as well."""
    monkeypatch.setenv("HTTPS_PROXY", proxy.url("http"))
    lives(secure, account, trusting, None)


def test_no_proxy_goes_past_it(
    secure: Simulator,
    account: Account,
    trusting: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """NO_PROXY names the host, so the proxy need not run."""
    real = socket.getaddrinfo

    def found(host: Any, *args: Any, **options: Any) -> Any:
        return real("127.0.0.1" if host == NAME else host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", found)
    monkeypatch.setenv("HTTPS_PROXY", DEAD)
    recorder = EventRecorder()
    stream = AssetStream(by_name(account), **recorder.handlers(), ssl_context=trusting)
    stream.start(wait=False)
    error = recorder.wait_for(lambda event: isinstance(event, ConnectionLost))
    stream.stop()
    assert "the proxy 127.0.0.1:1 cannot be reached" in str(error)

    monkeypatch.setenv("NO_PROXY", f"elsewhere.test,{NAME}")
    lives(secure, account, trusting, None)
