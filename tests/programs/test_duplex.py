"""``tests/programs/duplex.py`` for two seconds, and that its checks can fail."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from typing import Any, Callable, Iterator

import pytest
import trustme

from assetstream import AssetStream, State
from assetstream.simulator import Simulator
from tests.programs import duplex as duplex_module
from tests.programs.duplex import duplex
from tests.support.event_recorder import PATIENCE
from tests.support.thread_ownership import ThreadOwnership, check_thread_ownership


@pytest.fixture
def context() -> ssl.SSLContext:
    """A context that trusts nobody, so that no handshake succeeds."""
    return ssl.create_default_context()


@pytest.fixture
def connected() -> Iterator[socket.socket]:
    """Return a client's socket that does not block, like the runtime's."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as sock,
    ):
        sock.setblocking(False)
        yield sock


def attempt(call: Callable[[], Any]) -> None:
    """Make a call whose outcome does not matter."""
    with contextlib.suppress(OSError, ValueError):
        call()


def elsewhere(call: Callable[[], Any]) -> None:
    """Make the call in another thread, and wait for its end."""
    thread = threading.Thread(target=attempt, args=(call,), name="second")
    thread.start()
    thread.join()


def as_socket(context: ssl.SSLContext, sock: socket.socket) -> Any:
    return sock


def as_ssl_socket(context: ssl.SSLContext, sock: socket.socket) -> Any:
    return context.wrap_socket(
        sock.dup(), server_hostname="x", do_handshake_on_connect=False
    )


def as_ssl_object(context: ssl.SSLContext, sock: socket.socket) -> Any:
    return context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="x")


@pytest.mark.parametrize(
    ("kind", "make", "calls"),
    [
        ("socket", as_socket, [("recv", 1), ("send", b"x")]),
        ("SSLSocket", as_ssl_socket, [("recv", 1), ("send", b"x")]),
        ("SSLObject", as_ssl_object, [("read", 1), ("write", b"x")]),
    ],
)
def test_a_second_thread_is_reported(
    context: ssl.SSLContext,
    connected: socket.socket,
    kind: str,
    make: Callable[[ssl.SSLContext, socket.socket], Any],
    calls: list[tuple[str, Any]],
) -> None:
    """A second thread's read or write of any kind is a breach."""
    with check_thread_ownership(context) as ownership:
        made = make(context, connected)
        for name, given in calls:
            attempt(lambda name=name, given=given: getattr(made, name)(given))
        assert ownership.breaches == []
        for name, given in calls:
            elsewhere(lambda name=name, given=given: getattr(made, name)(given))
        if kind == "SSLSocket":
            made.close()
    here = threading.current_thread().name

    assert ownership.breaches == [
        f"{kind}.{x} by second, not by {here}" for x, _ in calls
    ]
    assert ownership.calls[kind] >= 4


def test_a_thread_may_take_over_from_one_that_has_ended(
    context: ssl.SSLContext, connected: socket.socket
) -> None:
    """REST's connections go from one ended thread to the next."""
    with check_thread_ownership(context) as ownership:
        elsewhere(lambda: connected.send(b"x"))
        elsewhere(lambda: connected.send(b"x"))
        connected.send(b"x")
        elsewhere(lambda: connected.send(b"x"))

    assert len(ownership.breaches) == 1


def test_a_second_thread_at_a_streams_own_connection_is_reported() -> None:
    """The check sees the connection of a real stream."""
    authority = trustme.CA()
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(serving)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    with (
        Simulator(ssl_context=serving) as exchange,
        check_thread_ownership(trust) as ownership,
    ):
        account = exchange.upbit({"BTC": "1"})
        with AssetStream(account.exchange(), ssl_context=trust) as stream:
            assert stream.state is State.LIVE
            life = stream._run.engine
            assert life is not None
            channel = life.session.connection
            assert channel is not None
            assert channel._transport is not None
            assert ownership.tls_calls > 0
            assert ownership.breaches == []
            elsewhere(lambda: channel._transport._sock.recv(1))  # type: ignore[union-attr]

    assert any("recv by second" in breach for breach in ownership.breaches)


@pytest.mark.programs
def test_a_watch_that_sees_nothing_is_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A run in which no TLS call was checked fails."""

    @contextlib.contextmanager
    def blind(context: ssl.SSLContext) -> Iterator[ThreadOwnership]:
        yield ThreadOwnership()

    monkeypatch.setattr(duplex_module, "check_thread_ownership", blind)
    figures = duplex(seconds=0.1)

    assert figures.bad["unwatched"] == 1
    assert "watched=0" in str(figures)


@pytest.mark.programs
def test_tls_holds_while_everybody_talks_at_once() -> None:
    """Nothing breaks, is wrong, lost or leaked, and everything does happen."""
    figures = duplex(seconds=2.0)

    assert not figures.bad, figures.notes
    for what in ("frames", "pongs", "sends", "looks", "waits", "starts", "watched"):
        assert figures.done[what], what
    assert figures.done["starts"] == figures.done["stops"]


def test_a_helper_hands_over_what_nobody_uses() -> None:
    """A reader may take a connection from its helper, but not during a call."""
    ownership = ThreadOwnership()
    sock = socket.socket()
    dialling = threading.Event()
    over = threading.Event()

    def dial() -> None:
        ownership.came(sock, socket.socket, "send")
        dialling.set()
        over.wait(PATIENCE)

    helper = threading.Thread(target=dial, name="assetstream-a-helper-1")
    helper.start()
    assert dialling.wait(PATIENCE)
    ownership._busy.add(sock)
    ownership.came(sock, socket.socket, "recv")
    assert len(ownership.breaches) == 1
    ownership._busy.discard(sock)
    ownership.came(sock, socket.socket, "recv")  # this thread has it now
    elsewhere(lambda: ownership.came(sock, socket.socket, "recv"))
    assert len(ownership.breaches) == 2
    over.set()
    helper.join()
    sock.close()
