"""The server that Prometheus scrapes."""

from __future__ import annotations

import errno
import http.client
import logging
import socket
import threading
from contextlib import ExitStack
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, MetricsHandler

from assetstream import (
    AssetStream,
    ConfigurationError,
    MetricsServer,
    State,
    serve_metrics,
)
from assetstream.metrics import server
from assetstream.simulator import Account
from tests.metrics.scrapes import Figured, read
from tests.support.documents import block_with
from tests.support.event_recorder import PATIENCE


def get(served: MetricsServer, path: str = "/metrics") -> str:
    """Return what the server answers."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        assert response.status == 200
        return response.read().decode()
    finally:
        connection.close()


def names(text: str) -> set[str]:
    return {series.partition("{")[0] for series, _ in read(text)}


def test_a_stream_is_scraped_from_before_its_start_to_after_its_end(
    account: Account,
) -> None:
    """By default only this machine can ask."""
    stream = AssetStream(account.exchange(), account="main")
    name = account.exchange().name
    with serve_metrics(stream, 0) as served:
        assert served.url == f"http://127.0.0.1:{served.port}/metrics"
        assert served._listener.getsockname()[0] == "127.0.0.1"
        new = dict(read(get(served)))
        with stream:
            live = dict(read(get(served)))
        stopped = dict(read(get(served)))
        assert stream.state is State.STOPPED

    assert new[f"accounts{{exchange={name},state=new}}"] == 1
    assert live[f"accounts{{exchange={name},state=live}}"] == 1
    assert stopped[f"accounts{{exchange={name},state=stopped}}"] == 1
    assert not [series for series in live if not series.startswith(tuple(names_of()))]


def names_of() -> list[str]:
    """Return the names of our metrics."""
    from assetstream.metrics.collector import COUNTERS, GAUGES

    return [*COUNTERS, *GAUGES]


def test_the_sample_in_the_docstring_serves_at_the_usual_port() -> None:
    """Here at a free one: another may be in use."""
    asked, served = list[int](), list[MetricsServer]()

    def serve(source: Figured, port: int) -> None:
        asked.append(port)
        served.append(serve_metrics(source, 0))

    sample = block_with("port=", "assetstream.serve_metrics")
    exec(sample, {"serve_metrics": serve, "group": Figured("a")})
    with served[0]:
        assert asked == [9464]
        assert "accounts" in names(get(served[0]))


def test_the_metrics_can_be_chosen() -> None:
    """Both options are those of the collector, and Prometheus may ask for one name."""
    with serve_metrics(Figured("a"), 0, accounts="none") as served:
        assert "account_live" not in names(get(served))
    with serve_metrics(Figured("a"), 0, accounts="all", balances=True) as served:
        assert "account_live" in names(get(served))
        assert "# TYPE assetstream_balance gauge" in get(served)
        asked = get(served, "/metrics?name%5B%5D=assetstream_pending_events")
        assert names(asked) == {"pending_events"}


def test_close_ends_every_thread_at_once() -> None:
    """Also that of whoever has asked for nothing yet; again does no harm."""
    served = serve_metrics(Figured("a"), 0)
    with ExitStack() as stack:
        silent = stack.enter_context(
            socket.create_connection(("127.0.0.1", served.port), PATIENCE)
        )
        silent.sendall(b"GET /metrics HTTP/1.1\r\n")
        get(served)  # so that the silent one was taken
        assert [*served._requests]
        served.close()
        served.close()

        assert silent.recv(1) == b""
    ours = [each.name for each in threading.enumerate() if "metrics" in each.name]
    assert ours == []
    assert repr(served) == f"<MetricsServer {served.url} closed>"
    with pytest.raises(ConnectionRefusedError):
        get(served)


def test_the_port_is_free_after_close() -> None:
    """A cell that is run again finds it so."""
    with serve_metrics(Figured("a"), 0) as first:
        get(first)
    with serve_metrics(Figured("a"), first.port) as second:
        assert second.port == first.port
        assert repr(second) == f"<MetricsServer {second.url}>"


def test_a_port_in_use_is_refused() -> None:
    """The text names the port and what to do, and nothing is left."""
    with serve_metrics(Figured("a"), 0) as served:
        with pytest.raises(ConfigurationError) as caught:
            serve_metrics(Figured("b"), served.port)
        assert "accounts" in names(get(served))

    assert f"port {served.port}" in caught.value.problem
    assert "in use" in caught.value.problem
    assert "0 for a free one" in caught.value.remedy


@pytest.mark.parametrize(
    ("port", "addr", "words"),
    [
        (65536, "127.0.0.1", "65536"),
        (-1, "127.0.0.1", "-1"),
        (True, "127.0.0.1", "True"),
        ("9464", "127.0.0.1", "'9464'"),
        (0, "", "not ''"),
        (0, None, "not None"),
        (0, "192.0.2.1", "192.0.2.1"),
        (0, "a" * 70 + ".test", "aaa"),
    ],
)
def test_what_cannot_be_listened_on_is_refused(
    port: Any, addr: Any, words: str
) -> None:
    """The text has what was given."""
    with pytest.raises(ConfigurationError, match=words):
        serve_metrics(Figured("a"), port, addr)


@pytest.mark.parametrize(
    ("addr", "host"), [("0.0.0.0", "127.0.0.1"), ("::1", "[::1]"), ("::", "[::1]")]
)
def test_it_listens_where_it_is_told(addr: str, host: str) -> None:
    """The URL is one by which this machine reaches it."""
    if addr != "0.0.0.0":
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            pytest.skip("this machine has no IPv6")
    with serve_metrics(Figured("a"), 0, addr) as served:
        assert served.url == f"http://{host}:{served.port}/metrics"
        connection = http.client.HTTPConnection(
            host.strip("[]"), served.port, timeout=PATIENCE
        )
        connection.request("GET", "/metrics")
        response = connection.getresponse()
        assert response.read().startswith(b"# HELP")
        # No release of Python is told to all the world.
        assert (response.getheader("Server") or "").strip() == "assetstream"
        connection.close()


def test_a_scrape_that_fails_is_logged_and_the_next_is_answered(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prometheus sees no answer, and so that the target is down."""
    stream = Figured("a")
    with serve_metrics(stream, 0) as served:
        with monkeypatch.context() as patch, caplog.at_level(logging.ERROR):
            patch.setattr(stream, "figures", {"no such": 1})
            with pytest.raises(http.client.BadStatusLine):
                get(served)
        assert "accounts" in names(get(served))

    (record,) = caplog.records
    assert (record.name, record.getMessage()) == (
        "assetstream",
        "the metrics cannot be collected",
    )


def test_many_that_ask_at_once_are_refused_and_the_next_is_answered() -> None:
    """So many threads, and no more."""
    with serve_metrics(Figured("a"), 0) as served:
        with ExitStack() as stack:
            for _ in range(server.MOST_REQUESTS):
                silent = socket.create_connection(("127.0.0.1", served.port), PATIENCE)
                stack.enter_context(silent)
            with pytest.raises((http.client.BadStatusLine, ConnectionError)):
                get(served)
            assert len(served._requests) == server.MOST_REQUESTS
            waiting = [*served._requests.values()]
        for thread in waiting:
            thread.join(PATIENCE)

        assert "accounts" in names(get(served))


def test_whoever_is_silent_for_too_long_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its thread ends by itself."""
    monkeypatch.setattr(server, "SILENCE", 0.01)
    with (
        serve_metrics(Figured("a"), 0) as served,
        socket.create_connection(("127.0.0.1", served.port), PATIENCE) as silent,
    ):
        assert silent.recv(1) == b""


class Short(socket.socket):
    """A listener that finds no descriptor for the first connection."""

    tries = 0

    def accept(self) -> tuple[socket.socket, Any]:
        self.tries += 1
        if self.tries == 1:
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


def handler() -> Any:
    return MetricsHandler.factory(CollectorRegistry())


def test_it_goes_on_when_there_was_no_descriptor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The connection is tried again after a pause."""
    monkeypatch.setattr(server, "PAUSE", 0.0)
    listener = Short(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    with MetricsServer(listener, handler()) as served:
        assert get(served) == ""

    assert listener.tries >= 2


def test_it_goes_on_when_there_was_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that asks is refused, the next is answered."""
    start = threading.Thread.start

    def refused(thread: threading.Thread) -> None:
        if thread.name == "assetstream-metrics-request":
            raise RuntimeError("can't start new thread")
        start(thread)

    with serve_metrics(Figured("a"), 0) as served:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refused)
            with pytest.raises((http.client.BadStatusLine, ConnectionError)):
                get(served)
        assert "accounts" in names(get(served))


def test_nothing_is_left_when_its_own_thread_cannot_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The error is told, and every socket closed."""

    def refused(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    listener = socket.create_server(("127.0.0.1", 0))
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refused)
        with pytest.raises(RuntimeError, match="new thread"):
            MetricsServer(listener, handler())

    assert listener.fileno() == -1
