"""No password of an engine leaks: every success and failure is searched."""

from __future__ import annotations

import socket
import threading
from contextlib import closing
from pathlib import Path
from typing import Callable, Iterator

import pytest

from assetstream import AssetStreamError, RemoteGroup, RemoteStream
from assetstream.sharing import engine
from assetstream.sharing.address import read_address
from tests.support.engines import EngineServer
from tests.support.event_recorder import EventRecorder
from tests.support.leak_detector import LeakDetector
from tests.support.owners import HandOwner

pytestmark = pytest.mark.programs

PASSWORD = "s3cretPassw0rd"
USER = "eve"


@pytest.fixture
def detector(monkeypatch: pytest.MonkeyPatch) -> Iterator[LeakDetector]:
    """Give a detector with all loggers at DEBUG, and short waits."""
    monkeypatch.setattr(engine, "TIMEOUT", 0.2)
    with LeakDetector() as detector:
        detector.guard(PASSWORD)
        yield detector


def run(url: str, detector: LeakDetector) -> None:
    """Run a stream and a group there, and collect all that comes of them."""
    recorder = EventRecorder()
    sources = [
        RemoteStream(url, "alice", **recorder.handlers()),
        RemoteGroup(url, **recorder.handlers()),
    ]
    for source in sources:
        detector.add("new", source)
        try:
            source.start(timeout=0.5)
        except AssetStreamError as error:
            detector.add("raised", error)
        detector.add("source", source, source.health(), vars(source))
        source.stop()
    stream = RemoteStream(url, "alice")
    detector.add("diagnosis", stream.diagnose(timeout=1))
    detector.add("errors", stream.error, stream.health())
    for event in recorder.events:
        detector.add("event", event)
        if isinstance(event, AssetStreamError):
            detector.add("plain", event.to_dict())


@pytest.mark.parametrize("right", [True, False])
def test_nothing_of_an_engine_that_answers(
    server: EngineServer, detector: LeakDetector, right: bool
) -> None:
    """Whether the password is right or wrong."""
    given = PASSWORD if right else "0ther"
    server.do("ACL", "SETUSER", USER, "reset", "on", f">{given}", "~*", "+@all")
    with HandOwner(server.url):
        run(f"unix://{USER}:{PASSWORD}@{server.path}", detector)

    detector.finish()
    assert detector.leaks == []
    assert detector.contains("refuses the user or the password") is not right


def test_nothing_of_an_engine_that_stands_still(detector: LeakDetector) -> None:
    """The log-in is under way then."""
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        run(f"redis://{USER}:{PASSWORD}@127.0.0.1:{port}", detector)

    detector.finish()
    assert detector.leaks == []
    assert detector.contains("did not answer in time")


def test_nothing_of_an_engine_that_hangs_up(detector: LeakDetector) -> None:
    """Or that is not one."""

    def serve() -> None:
        while True:
            try:
                peer, _ = server.accept()
            except OSError:
                return
            with peer:
                peer.recv(1000)
                peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        port = server.getsockname()[1]
        run(f"redis://{USER}:{PASSWORD}@127.0.0.1:{port}", detector)
        server.shutdown(socket.SHUT_RDWR)
    thread.join()

    detector.finish()
    assert detector.leaks == []


def test_nothing_of_an_engine_that_is_not_there(
    detector: LeakDetector, tmp_path: Path
) -> None:
    """By any kind of address."""
    for url in (
        f"unix://{USER}:{PASSWORD}@{tmp_path}/none",
        f"redis://{USER}:{PASSWORD}@127.0.0.1:1",
        f"rediss://{USER}:{PASSWORD}@127.0.0.1:1/3",
    ):
        run(url, detector)

    detector.finish()
    assert detector.leaks == []
    assert detector.contains("cannot be reached")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda url: url.replace("redis", "http"),
        lambda url: url.replace(":7", ":port"),
        lambda url: f"{url}/x",
        lambda url: f"{url}?{PASSWORD}",
        lambda url: url.replace("@", ""),
        lambda url: f"[{url}",
    ],
)
def test_nothing_of_a_url_that_is_wrong(
    detector: LeakDetector, spoil: Callable[[str], str]
) -> None:
    """Its text may be anything, so none of it is told."""
    url = spoil(f"redis://{USER}:{PASSWORD}@cache:7")
    with pytest.raises(AssetStreamError) as caught:
        read_address(url)
    text = f"{caught.value}{caught.value!r}{caught.value.to_dict()}"
    detector.add("text", text)

    assert detector.leaks == []


def test_what_leaks_is_found(detector: LeakDetector) -> None:
    """The detector sees what an engine's error could have."""

    def log_in(password: str) -> None:
        raise AssetStreamError("no")

    with pytest.raises(AssetStreamError) as caught:
        log_in(PASSWORD)
    error = caught.value
    assert detector.leaks == []
    namespace = {"error": error, "add": detector.add, "password": PASSWORD}
    exec(
        compile(
            "def fail(password):\n    raise error\n"
            "try:\n    fail(password)\nexcept Exception as e:\n    add('x', e)\n",
            "redis.py",
            "exec",
        ),
        namespace,
    )

    assert detector.leaks != []
