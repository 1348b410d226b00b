"""The socket of a connection to an engine."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Iterator

import pytest

from assetstream.model.errors import ConnectionLost
from assetstream.runtime.net.cancel import Cancelled, CancelToken
from assetstream.sharing.address import EngineAddress
from assetstream.sharing.engine_socket import EngineSocket, open_socket
from tests.support.event_recorder import PATIENCE

pytestmark = pytest.mark.skipif(
    not hasattr(socket, "AF_UNIX"), reason="this system has no such sockets"
)

LONG = 60.0


@pytest.fixture
def token() -> Iterator[CancelToken]:
    """A token that is released at the end."""
    made = CancelToken()
    yield made
    made.close()


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    """A socket that listens, as an engine does."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{tmp_path}/s")
        listening.listen()
        yield listening


@pytest.fixture
def ends(
    listener: socket.socket, token: CancelToken
) -> Iterator[tuple[EngineSocket, socket.socket]]:
    """Both ends of a connection."""
    address = EngineAddress("unix", path=listener.getsockname())
    ours = open_socket(address, None, token, LONG, LONG)
    theirs, _ = listener.accept()
    with theirs:
        yield ours, theirs
        ours.close()


def test_it_sends_and_receives_as_redis_py_does(
    ends: tuple[EngineSocket, socket.socket],
) -> None:
    """By either of its parsers."""
    ours, theirs = ends
    ours.settimeout(None)
    ours.sendall(b"PING")
    assert theirs.recv(10) == b"PING"

    theirs.sendall(b"+PONG")
    assert ours.recv(1) == b"+"
    buffer = bytearray(8)
    assert ours.recv_into(buffer) == 4
    assert bytes(buffer[:4]) == b"PONG"
    assert ours.fileno() > 0

    theirs.close()
    assert ours.recv(10) == b""


def test_a_call_takes_its_time_at_most(
    ends: tuple[EngineSocket, socket.socket],
) -> None:
    """Each its own; the text names the engine."""
    ours, _ = ends
    ours.settimeout(0.01)
    with pytest.raises(ConnectionLost, match="not answer in time"):
        ours.recv(10)


def test_a_wait_is_cancelled_from_any_thread(
    ends: tuple[EngineSocket, socket.socket], token: CancelToken
) -> None:
    """Whether it has begun or not, and each that comes later."""
    ours, _ = ends
    ended = threading.Event()

    def wait() -> None:
        with pytest.raises(Cancelled):
            ours.recv(10)
        ended.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    token.cancel()

    assert ended.wait(PATIENCE)
    waiting.join()
    with pytest.raises(Cancelled):
        ours.recv(10)


def test_what_is_cancelled_does_not_connect(
    listener: socket.socket, token: CancelToken
) -> None:
    """By either way."""
    token.cancel()
    for address in (
        EngineAddress("unix", path=listener.getsockname()),
        EngineAddress("redis", "127.0.0.1", 1),
    ):
        with pytest.raises(Cancelled):
            open_socket(address, None, token, LONG, LONG)


def test_where_nobody_listens_is_said(tmp_path: Path, token: CancelToken) -> None:
    """With what to do, and without a file's name but the user's own."""
    for address in (
        EngineAddress("unix", path=f"{tmp_path}/none"),
        EngineAddress("redis", "127.0.0.1", 1),
    ):
        with pytest.raises(ConnectionLost, match="cannot be reached") as caught:
            open_socket(address, None, token, LONG, LONG)
        assert caught.value.remedy.startswith("Check that it runs")


def test_a_system_without_such_sockets_says_so(
    token: CancelToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what to use there; to try again is of no use."""
    monkeypatch.delattr(socket, "AF_UNIX")

    with pytest.raises(ConnectionLost, match="no such sockets") as caught:
        open_socket(EngineAddress("unix", path="/s"), None, token, LONG, LONG)

    assert caught.value.fatal
