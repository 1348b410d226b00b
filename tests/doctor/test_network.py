"""The checks of the network: names, TCP, proxies, certificates."""

from __future__ import annotations

import re
import socket
import ssl
from datetime import datetime, timedelta, timezone
from typing import Callable, Iterator

import pytest
import trustme

from assetstream import CoinW, Diagnosis, Upbit, Verdict
from assetstream.doctor import network
from assetstream.doctor.examination import STEP_TIME
from assetstream.protocol import Exchange
from assetstream.simulator import Simulator
from tests.doctor.conftest import Examine, named, verdicts
from tests.support.certificates import WRONG, serving
from tests.support.proxies import ProxyProcess
from tests.support.raw_server import Peer, RawServer
from tests.support.specs import keys_of

NOW = datetime.now(timezone.utc)
LATER = [*["REST", "clock", "WebSocket", "subscription", "ping", "pushes"]]
LETTERS = "0123456789" * 4


def upbit_at(host: str, scheme: str = "s") -> Exchange:
    urls = {"ws_url": f"ws{scheme}://{host}/ws", "rest_url": f"http{scheme}://{host}"}
    return Upbit(LETTERS, LETTERS[::-1], region="sg", **urls)


def assert_the_rest_is_skipped(diagnosis: Diagnosis, after: str) -> None:
    """Check that every step after the red one has a reason to be skipped."""
    found = verdicts(diagnosis)
    network = ["name look-up", "TCP", "TLS"]
    skipped = [*network[network.index(after) + 1 :], *LATER]
    assert {found[name] for name in skipped} == {"SKIPPED"}
    assert all(check.finding for check in diagnosis)
    assert diagnosis.verdict is Verdict.RED
    assert found["key"] == "GREEN"


def test_a_name_that_nobody_knows(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The finding names the host; steps that need its address are skipped."""

    def unknown(host: str, *args: object, **options: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    diagnosis = examine(upbit_at("exchange.invalid"))
    check = named(diagnosis, "name look-up")

    assert check.finding == "the name exchange.invalid cannot be looked up"
    assert "spelling" in check.remedies[0]
    assert_the_rest_is_skipped(diagnosis, "name look-up")


def test_a_port_where_nobody_listens(examine: Examine) -> None:
    """The finding has the system's words and a remedy."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        diagnosis = examine(upbit_at(f"127.0.0.1:{port}", ""))
    check = named(diagnosis, "TCP")

    assert check.finding == "127.0.0.1 cannot be reached (Connection refused)"
    assert "firewall" in check.remedies[0]
    assert_the_rest_is_skipped(diagnosis, "TCP")


def test_a_black_hole_takes_no_longer_than_allowed(
    examine: Examine, outwait: Callable[[str], None]
) -> None:
    """One step uses the time up; the others are skipped."""
    outwait("in the TLS handshake")
    with RawServer(Peer.read_all) as server:
        diagnosis = examine(upbit_at(f"127.0.0.1:{server.port}"), timeout=STEP_TIME / 2)
    check = named(diagnosis, "TLS")

    assert (
        check.finding == "127.0.0.1 did not answer in time while in the TLS handshake"
    )
    assert check.seconds < STEP_TIME, "it has what is left, not the time of a step"
    assert_the_rest_is_skipped(diagnosis, "TLS")


def test_steps_without_time_are_not_called_good(
    examine: Examine, exchange: Simulator
) -> None:
    """With a timeout of 0 no step is green."""
    diagnosis = examine(exchange.upbit().exchange(), timeout=0.0)
    check = named(diagnosis, "name look-up")

    assert check.verdict is Verdict.RED
    assert "not reached within 0 s" in check.finding


#: Fault of a certificate -> words of the remedy.
REMEDIES = {
    "wrong name": "another server",
    "expired": r"clock if it is wrong: it says 20.* UTC",
    "not valid yet": r"clock if it is wrong: it says 20.* UTC",
    "self-signed": "reads along",
    "unknown authority": "reads along",
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_refused_certificate_names_the_cause(
    examine: Examine, authority: trustme.CA, trusting: ssl.SSLContext, wrong: str
) -> None:
    """The causes are a wrong clock, another server, or an interceptor."""
    context, words = WRONG[wrong]
    with RawServer(Peer.read_request, context(authority)) as server:
        here = upbit_at(f"127.0.0.1:{server.port}")
        diagnosis = examine(here, ssl_context=trusting)
        assert server.connections == 1, "nobody else was to connect"
    check = named(diagnosis, "TLS")

    assert re.search(
        rf"certificate of 127.0.0.1 was refused: .*({words})", check.finding
    )
    assert re.search(REMEDIES[wrong], check.remedies[0])
    assert_the_rest_is_skipped(diagnosis, "TLS")


@pytest.fixture
def secure(
    request: pytest.FixtureRequest, authority: trustme.CA
) -> Iterator[tuple[Simulator, int]]:
    days = request.param
    context = serving(authority, not_after=NOW + timedelta(days=days + 0.4))
    with Simulator(ssl_context=context, rate_limits=False) as simulator:
        yield simulator, days


@pytest.mark.parametrize(
    ("secure", "verdict"), [(300, "GREEN"), (3, "YELLOW")], indirect=["secure"]
)
def test_a_good_certificate_is_described(
    examine: Examine,
    secure: tuple[Simulator, int],
    trusting: ssl.SSLContext,
    verdict: str,
) -> None:
    """The check has issuer and expiry; the last two weeks are yellow."""
    simulator, days = secure
    account = simulator.coinw({"BTC": "1"}).exchange()
    diagnosis = examine(account, ssl_context=trusting)
    check = named(diagnosis, "TLS")

    assert check.verdict.value == verdict
    assert f"TLSv1.3, certificate by Trusted Ltd, good for {days} more days" in (
        check.finding
    )
    assert verdicts(diagnosis)["ping"] == "GREEN"
    assert diagnosis.verdict is check.verdict


def test_a_server_without_tls_is_red(examine: Examine) -> None:
    """The finding names a plain server behind https."""
    with RawServer(lambda peer: peer.send(b"HTTP/1.1 400 Bad\r\n\r\n")) as server:
        diagnosis = examine(upbit_at(f"127.0.0.1:{server.port}"))
    check = named(diagnosis, "TLS")

    assert "broke the connection while in the TLS handshake" in check.finding
    assert check.remedies


def test_two_hosts_are_both_looked_at(
    examine: Examine, exchange: Simulator, closed_port: int
) -> None:
    """REST is read though the WebSocket's host is down."""
    account = exchange.coinw({"BTC": "1"})
    keys = keys_of(account.exchange())
    ws_url = f"ws://127.0.0.1:{closed_port}/"
    diagnosis = examine(CoinW(*keys, ws_url=ws_url, rest_url=exchange.url))

    assert [check.verdict.value for check in diagnosis if check.name == "TCP"] == [
        "GREEN",
        "RED",
    ]
    found = verdicts(diagnosis)
    assert (found["REST"], found["clock"], found["WebSocket"]) == (
        "GREEN",
        "GREEN",
        "SKIPPED",
    )


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def test_a_proxy_is_named(
    examine: Examine, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report names its source, hides its password, and has its fault."""
    url = f"http://me:hidden-word@127.0.0.1:{closed_port}"
    monkeypatch.setenv("HTTPS_PROXY", url)
    diagnosis = examine(upbit_at("exchange.invalid"))

    where = f"reached by 127.0.0.1:{closed_port}, the environment's"
    assert where in named(diagnosis, "proxy").finding
    refused = named(diagnosis, "TCP")
    assert refused.finding.startswith(f"the proxy 127.0.0.1:{closed_port} cannot be")
    assert "HTTPS_PROXY" in refused.remedies[0]
    assert "hidden-word" not in repr(diagnosis)


def test_a_malformed_proxy_is_red(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A malformed variable is a finding, not a crash."""
    monkeypatch.setenv("HTTPS_PROXY", "ftp://somewhere:1")
    diagnosis = examine(upbit_at("exchange.invalid"))
    check = named(diagnosis, "proxy")

    assert check.verdict is Verdict.RED
    assert "HTTPS_PROXY must be http://host:port" in repr(check)
    assert verdicts(diagnosis)["REST"] == "SKIPPED"


def test_a_proxy_that_works_is_gone_through(
    examine: Examine,
    authority: trustme.CA,
    trusting: ssl.SSLContext,
) -> None:
    """The proxy looks up the exchange's name; TLS is end to end."""
    context = serving(authority, "exchange.test")
    with (
        Simulator(ssl_context=context, rate_limits=False) as simulator,
        ProxyProcess() as proxy,
    ):
        account = simulator.upbit({"BTC": "1"})
        host = f"exchange.test:{simulator.url.rpartition(':')[2]}"
        there = Upbit(
            *keys_of(account.exchange()),
            region="sg",
            ws_url=account.ws_url.replace(account.ws_url.split("/")[2], host),
            rest_url=f"https://{host}",
        )
        url = proxy.url("socks5")
        diagnosis = examine(there, ssl_context=trusting, proxy=url)

    assert diagnosis.verdict is Verdict.GREEN
    assert "that of proxy=" in named(diagnosis, "proxy").finding


@pytest.mark.parametrize("days", [-1, 13, 15])
def test_days_left_are_judged(days: float) -> None:
    """Two weeks are enough."""
    ends = (NOW + timedelta(days=days)).strftime("%b %d %H:%M:%S %Y GMT")
    certificate = {"notAfter": ends, "issuer": ((("commonName", "Me"),),)}
    outcome = network._judge("host", "TLSv1.3", certificate)

    assert (outcome.verdict is Verdict.GREEN) == (days > 14)
    assert "certificate by Me" in outcome.finding
