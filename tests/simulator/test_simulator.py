"""The simulator as its user holds it: start, stop, keys, waits, counts, TLS."""

from __future__ import annotations

import logging
import socket
import ssl
import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit

import pytest
import trustme

from assetstream import AssetStream, AssetUpdate, ConnectionLost, Source
from assetstream.simulator import CoinWAccount, Simulator, UpbitAccount
from tests.support.clients import (
    accounts,
    call,
    coinw_subscriber,
    upbit_subscriber,
)
from tests.support.processes import Program
from tests.support.recorders import Recorder


def ours() -> list[str]:
    """Names of the simulator's threads."""
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith("assetstream-simulator-")]


def test_keys_look_real_and_come_from_the_seed() -> None:
    """40 characters for Upbit; the same for the same seed, others for another."""
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
    """Neither a repr nor any log line of the simulator holds key, secret or token."""
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
    """With connections open, idle HTTP clients and a trader: under 0.2 s, no thread."""
    upbit = exchange.upbit({"SGD": 1000})
    assert "assetstream-simulator-accept" in ours()
    with upbit_subscriber(upbit) as client:
        upbit.trade(rate=50).start()
        client.raw()
        began = time.monotonic()
        exchange.stop()
        assert time.monotonic() - began < 0.2
        assert ours() == []
        assert client.until_closed()[1].rcvd is not None
    exchange.stop()


def test_it_can_be_stopped_before_it_was_started() -> None:
    """It has no address yet, and an error explains that."""
    simulator = Simulator()
    simulator.stop()
    with pytest.raises(RuntimeError, match="not started"):
        _ = simulator.url
    assert repr(simulator) == "<Simulator not started connections=0>"


def test_it_starts_once(exchange: Simulator) -> None:
    """A second start is a mistake."""
    with pytest.raises(RuntimeError, match="started already"):
        exchange.start()


def test_one_port_for_everything(exchange: Simulator, upbit: UpbitAccount) -> None:
    """http and ws of both exchanges have the same host and port."""
    coinw = exchange.coinw()
    urls = [exchange.url, exchange.ws_url, upbit.ws_url, coinw.ws_url]

    assert len({urlsplit(url).netloc for url in urls}) == 1
    assert exchange.url.startswith("http://127.0.0.1:")
    assert upbit.ws_url == exchange.ws_url + "/websocket/v1/private"


def test_waits_end_or_explain_what_they_waited_for(
    exchange: Simulator, upbit: UpbitAccount
) -> None:
    """Waiting for what does not come raises, with the state of things in the text."""
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
    """Connections, frames, reads and pushes, for all and by account."""
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
    """Waiting for a balance cannot dead-lock with the trader that changes it."""
    start = upbit.balances
    with upbit_subscriber(upbit), upbit.trade(rate=2000):
        exchange.wait_for(lambda seen: upbit.balances != start and seen.pushes > 100)


def test_tls() -> None:
    """With a server's context it is https and wss; a stuck client holds up nobody."""
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    client_context = ssl.create_default_context()
    authority.configure_trust(client_context)

    with Simulator(ssl_context=server) as exchange:
        upbit = exchange.upbit({"BTC": 1})
        assert exchange.url.startswith("https://")
        stuck = connect_tcp(exchange)
        recorder = Recorder()
        try:
            # Our own client: one that reads and writes TLS in two threads, as the sync
            # client of websockets does, is at times broken by OpenSSL.
            with AssetStream(
                upbit.exchange(), ssl_context=client_context, **recorder.handlers()
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
    """A bare TCP connection."""
    parts = urlsplit(exchange.url)
    return socket.create_connection((parts.hostname, parts.port), 5.0)


def test_it_is_imported_without_what_clients_need() -> None:
    """It starts in half the time, and the client may be anybody's."""
    script = (
        "import sys, assetstream.simulator\n"
        "print([m for m in ('assetstream.streams.stream', 'websocket', 'requests') "
        "if m in sys.modules])\n"
    )
    with Program("-c", script) as program:
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
    assert 'pip install "assetstream[simulator]"' in done.stdout


def test_a_start_that_failed_may_be_tried_again() -> None:
    """Once the port is free; nothing is left of the first try."""
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
    """Clients can connect again after the last of them."""
    first, second = exchange.fault("tcp_refused"), exchange.fault("tcp_refused")
    first.off()
    with pytest.raises(ConnectionRefusedError):
        connect_tcp(exchange)
    second.off()
    connect_tcp(exchange).close()
