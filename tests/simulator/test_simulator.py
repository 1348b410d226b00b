"""The simulator as users hold it: life, keys, waits, counts, TLS, switches."""

from __future__ import annotations

import logging
import socket
import ssl
import subprocess
import sys
import threading
from urllib.parse import urlsplit

import pytest
import trustme
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK, InvalidStatus

from assetstream import (
    AssetStream,
    AssetUpdate,
    AuthenticationError,
    ConnectionLost,
    Source,
    State,
)
from assetstream.exchanges import EXCHANGES, build
from assetstream.libraries import install_command
from assetstream.simulator import CoinWAccount, Kind, Simulator, UpbitAccount
from tests.support.certificates import serving
from tests.support.clients import (
    accounts,
    call,
    coinw_client,
    coinw_subscriber,
    complete_balances,
    login,
    upbit_client,
    upbit_subscriber,
)
from tests.support.event_recorder import PATIENCE, EventRecorder
from tests.support.processes import Program

LIST = [{"ticket": "t"}, {"method": "LIST_SUBSCRIPTIONS"}]


def ours() -> list[str]:
    """Return the names of the simulator's threads."""
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith("assetstream-simulator-")]


def test_keys_look_real_and_come_from_the_seed() -> None:
    """One seed gives one set of keys; Upbit's have 40 characters."""
    one, same, other = Simulator(seed=7), Simulator(seed=7), Simulator(seed=8)

    keys = [(s.upbit().access_key, s.coinw().api_key) for s in (one, same, other)]

    assert keys[0] == keys[1]
    assert keys[0][0] != keys[2][0]
    assert keys[0][1] != keys[2][1]
    assert len(keys[0][0]) == len(one.upbit().secret_key) == 40


def test_nothing_shows_a_secret(
    exchange: Simulator,
    upbit: UpbitAccount,
    coinw: CoinWAccount,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Reprs and logs hold no key, secret or token."""
    caplog.set_level(logging.DEBUG)
    # The client's own log is the client's business.
    logging.getLogger("websockets.client").setLevel(logging.WARNING)
    with upbit_subscriber(upbit), coinw_subscriber(coinw):
        accounts(upbit, secret="x" * 40)
        shown = repr([exchange, upbit, coinw, upbit.credentials, exchange.seen])
    for account in (upbit, coinw):
        assert account.secret_key not in shown + caplog.text
        assert account.credentials.key not in shown + caplog.text
    assert "Bearer" not in caplog.text


def test_stop_is_quick_and_leaves_nothing(exchange: Simulator) -> None:
    """Open connections, idle clients and a trader have ended when it returns."""
    upbit = exchange.upbit({"SGD": 1000})
    assert "assetstream-simulator-accept" in ours()
    with upbit_subscriber(upbit) as client:
        upbit.trade(rate=50).start()
        client.raw()
        exchange.stop()
        assert ours() == []
        assert client.until_closed()[1].rcvd is not None
    exchange.stop()


def test_it_can_be_stopped_before_it_was_started() -> None:
    """The address of a new simulator raises with an explanation."""
    simulator = Simulator()
    simulator.stop()
    with pytest.raises(RuntimeError, match="not started"):
        _ = simulator.url
    assert repr(simulator) == "<Simulator not started connections=0>"


def test_it_starts_once(exchange: Simulator) -> None:
    """A second start raises."""
    with pytest.raises(RuntimeError, match="started already"):
        exchange.start()


@pytest.mark.parametrize(
    ("name", "region"),
    [(name, made.regions[1]) for name, made in EXCHANGES.items() if made.regions],
)
def test_a_region_is_the_key_s_and_not_the_client_s(
    exchange: Simulator, name: str, region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key of another region is refused; the region that a client names is not."""
    here, elsewhere = exchange.open(name), exchange.open(name, region=region)
    for variable, value in here.environment().items():
        monkeypatch.setenv(variable, value)

    with pytest.raises(AuthenticationError):
        AssetStream(elsewhere.exchange()).start()
    with AssetStream(build(name, region=region)) as stream:
        assert stream.state is State.LIVE


def test_one_port_for_everything(exchange: Simulator, upbit: UpbitAccount) -> None:
    """Both exchanges have one host and port for http and ws."""
    coinw = exchange.coinw()
    urls = [exchange.url, exchange.ws_url, upbit.ws_url, coinw.ws_url]

    assert len({urlsplit(url).netloc for url in urls}) == 1
    assert exchange.url.startswith("http://127.0.0.1:")
    assert upbit.ws_url == exchange.ws_url + "/websocket/v1/private"


def test_waits_end_or_explain_what_they_waited_for(
    exchange: Simulator, upbit: UpbitAccount
) -> None:
    """A timeout raises with the counts in its text."""
    with pytest.raises(TimeoutError, match="2 connections, there are 0"):
        exchange.wait_for_connections(2, timeout=0.01)
    with pytest.raises(TimeoutError, match="1 subscribers, there are 0"):
        upbit.wait_for_subscribers(timeout=0.01)
    with pytest.raises(TimeoutError, match="reads=0"):
        exchange.wait_for(lambda seen: seen.reads, timeout=0.01)

    with upbit_subscriber(upbit):
        exchange.wait_for_connections(1)
    exchange.wait_for_connections(0)
    upbit.wait_for_subscribers(0)


def test_what_was_seen_is_counted(exchange: Simulator, upbit: UpbitAccount) -> None:
    """Connections, frames, reads and pushes are counted, also by account."""
    other = exchange.coinw({"USDT": 1})
    with upbit_subscriber(upbit), coinw_subscriber(other):
        upbit.deposit("BTC", 1)
        accounts(upbit)
        call(exchange.url, "GET", "/nowhere")

    assert (exchange.seen.connections, exchange.seen.reads) == (2, 2)
    assert (upbit.seen.connections, upbit.seen.reads) == (1, 1)
    assert (upbit.seen.frames, upbit.seen.pushes) == (1, 1)
    assert (other.seen.connections, other.seen.pushes) == (1, 0)
    assert exchange.seen.frames == 3


def test_a_predicate_may_look_at_a_ledger(
    exchange: Simulator, upbit: UpbitAccount
) -> None:
    """Waiting for a balance cannot dead-lock with the trader."""
    start = upbit.balances
    with upbit_subscriber(upbit), upbit.trade(rate=2000):
        exchange.wait_for(lambda seen: upbit.balances != start and seen.pushes > 100)


def test_tls(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    """A server context gives https and wss; a stuck client holds up nobody."""
    with Simulator(ssl_context=serving(authority)) as exchange:
        upbit = exchange.upbit({"BTC": 1})
        assert exchange.url.startswith("https://")
        stuck = connect_tcp(exchange)
        recorder = EventRecorder()
        try:
            # Our own client: one that reads and writes TLS in two threads, as the sync
            # client of websockets does, is at times broken by OpenSSL.
            with AssetStream(
                upbit.exchange(), ssl_context=trusting, **recorder.handlers()
            ):
                for _ in range(50):
                    upbit.deposit("BTC", 1)
                recorder.wait_for(
                    lambda e: isinstance(e, AssetUpdate) and e.available == 51
                )
                pushed = [u for u in recorder.updates if u.source is Source.STREAM]
                assert [u.available for u in pushed] == list(range(2, 52))
                exchange.close_connections(1000)
                lost = recorder.wait_for(lambda e: isinstance(e, ConnectionLost))
                assert lost.code == 1000
        finally:
            stuck.close()


def connect_tcp(exchange: Simulator) -> socket.socket:
    """Open a bare TCP connection."""
    parts = urlsplit(exchange.url)
    return socket.create_connection((parts.hostname, parts.port), 5.0)


@pytest.mark.programs
def test_it_is_imported_without_what_clients_need() -> None:
    """The import skips client libraries, which takes half the time."""
    script = (
        "import sys, assetstream.simulator\n"
        "print([m for m in ('assetstream.streams.stream', 'websocket', 'requests') "
        "if m in sys.modules])\n"
    )
    with Program("-c", script, fresh=True) as program:
        assert program.finish() == 0
        assert program.out == ["[]"]


def test_without_websockets_the_remedy_is_named() -> None:
    """The error names the extra to install."""
    code = (
        "import sys; sys.modules['websockets'] = None\n"
        "try:\n    import assetstream.simulator\n"
        "except ModuleNotFoundError as error:\n    print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert install_command("simulator") in done.stdout


def test_a_start_that_failed_may_be_tried_again() -> None:
    """The second start works once the port is free."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        simulator = Simulator(port=taken.getsockname()[1])
        with pytest.raises(OSError, match=r"in use|usage"):
            simulator.start()
        with pytest.raises(RuntimeError, match="not started"):
            _ = simulator.url
    with simulator:
        assert simulator.url.startswith("http://127.0.0.1:")
    assert ours() == []


def test_two_faults_that_refuse_end_each_by_itself(exchange: Simulator) -> None:
    """Clients connect again after the last of them."""
    first, second = exchange.fault("tcp_refused"), exchange.fault("tcp_refused")
    first.off()
    with pytest.raises(ConnectionRefusedError):
        connect_tcp(exchange)
    second.off()
    connect_tcp(exchange).close()


def test_list_subscriptions_unanswered(
    exchange: Simulator, upbit: UpbitAccount
) -> None:
    """withhold(Kind.LIST) leaves the question without an answer."""
    with upbit_client(upbit) as client:
        with exchange.withhold(Kind.LIST):
            client.send(LIST)
            assert client.ask("PING") == {"status": "UP"}
        assert "result" in client.ask(LIST)


def test_pongs_withheld(exchange: Simulator, upbit: UpbitAccount) -> None:
    """withhold(Kind.PONG) leaves a ping without a pong."""
    with upbit_client(upbit) as client:
        with exchange.withhold(Kind.PONG):
            pong = client.connection.ping("a")
            exchange.wait_for(lambda seen: seen.pings >= 1)
            assert client.ask("PING") == {"status": "UP"}
            assert not pong.is_set()
        assert client.connection.ping("b").wait(PATIENCE)


def test_upgrades_refused_for_a_while(
    exchange: Simulator, upbit: UpbitAccount, coinw: CoinWAccount
) -> None:
    """Status, body and headers are as given, at one exchange."""
    with exchange.refuse_upgrades(503, "down", {"Retry-After": "7"}, exchange="upbit"):
        with pytest.raises(InvalidStatus) as refused:
            upbit_client(upbit)
        with coinw_client(coinw):
            pass
    response = refused.value.response
    assert (response.status_code, response.body) == (503, b"down")
    assert response.headers["Retry-After"] == "7"
    assert exchange.seen.refused == 1
    with upbit_client(upbit):
        pass


def test_rest_answers_something_else(
    exchange: Simulator, upbit: UpbitAccount, coinw: CoinWAccount
) -> None:
    """Status and body are as given, at one exchange."""
    with exchange.rest_answers(500, b"<html>", exchange="upbit"):
        status, headers, body = accounts(upbit)
        assert (status, body) == (500, b"<html>")
        assert "date" in headers
        assert complete_balances(coinw)["code"] == "200"
    assert accounts(upbit)[0] == 200


def test_rest_lags(
    exchange: Simulator, upbit: UpbitAccount, coinw: CoinWAccount
) -> None:
    """REST shows the balances of a minute ago, a push the present ones."""
    with exchange.lag_rest(60):
        with upbit_subscriber(upbit) as client:
            upbit.deposit("BTC", 1)
            assert client.receive()["assets"][0]["balance"] == "1.5"
        coinw.deposit("BTC", 1)
        assert accounts(upbit)[2][1]["balance"] == "0.5"
        assert complete_balances(coinw)["data"]["BTC"]["available"] == "0.5"
    assert accounts(upbit)[2][1]["balance"] == "1.5"


def test_logins_refused(
    exchange: Simulator, upbit: UpbitAccount, coinw: CoinWAccount
) -> None:
    """Good credentials are refused at both exchanges, or for one account."""
    with exchange.refuse_logins():
        with pytest.raises(InvalidStatus) as refused:
            upbit_client(upbit)
        assert refused.value.response.status_code == 401
        with coinw_client(coinw) as client:
            assert client.ask(login(coinw))["data"]["errorCode"] == 1003
        assert accounts(upbit)[0] == 200
    with exchange.refuse_logins(coinw), upbit_client(upbit):
        pass


@pytest.mark.parametrize("reset", [True, False])
def test_connections_are_dropped(
    exchange: Simulator, upbit: UpbitAccount, reset: bool
) -> None:
    """RST or FIN ends them without a close frame; the count falls at once."""
    with upbit_subscriber(upbit) as client:
        assert exchange.drop_connections(reset=reset) == 1
        assert exchange.connections == upbit.subscribers == 0
        with pytest.raises(ConnectionClosed) as closed:
            client.raw()
    assert closed.value.rcvd is None
    assert isinstance(closed.value.__cause__, ConnectionResetError) is reset


def test_connections_are_closed(
    exchange: Simulator, upbit: UpbitAccount, coinw: CoinWAccount
) -> None:
    """Earlier pushes arrive before the close frame, for one account only."""
    with upbit_subscriber(upbit) as client, coinw_subscriber(coinw) as other:
        upbit.deposit("BTC", 1)
        assert exchange.close_connections(4001, "enough", account=upbit) == 1
        assert client.receive()["assets"][0]["balance"] == "1.5"
        with pytest.raises(ConnectionClosed) as closed:
            client.raw()
        assert other.ask({"event": "ping"}) == {"event": "pong"}
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4001, "enough")


def test_a_normal_close_is_a_close(exchange: Simulator, coinw: CoinWAccount) -> None:
    """Code 1000 is the default."""
    with coinw_subscriber(coinw) as client:
        exchange.close_connections()
        with pytest.raises(ConnectionClosedOK):
            client.raw()
