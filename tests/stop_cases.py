"""Every state a stream can be stopped in, and everyone who can stop it.

Used by ``test_stop.py``, once each, and by ``python -m tests.stop_table``, many times.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue
from time import perf_counter
from types import TracebackType
from typing import Any, Callable, Iterator
from unittest import mock

from assetstream import AssetStream, AssetUpdate, CoinW, State, StateChange, Upbit
from assetstream.errors import AssetStreamError
from assetstream.protocol import Exchange
from assetstream.runtime import handshake
from assetstream.runtime.patience import Patience
from assetstream.runtime.waiting import Deadline
from assetstream.simulator import Simulator
from assetstream.simulator.faults import Fault
from assetstream.simulator.messages import Kind, Message, Reply, Request
from tests.runtime.raw_server import Peer, RawServer
from tests.support import PATIENCE, Recorder

__all__ = ["CASES", "Stage", "measure"]


class Stage:
    """Servers, and one stream that is brought somewhere and stopped.

    Attributes:
        took: seconds from the wish to stop until it was done.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.took = -1.0
        self.heard = Recorder()
        self.parts = ExitStack()
        self._streams: list[AssetStream] = []
        self._opened: list[socket.socket] = []

    def __enter__(self) -> Stage:
        self.simulator = self.parts.enter_context(Simulator(rate_limits=False))
        self.account = getattr(self.simulator, self.name)({"BTC": "1"})
        # Every socket that is connected, or was meant to be.
        for step in ("_connect", "connect_to"):
            self.parts.enter_context(
                mock.patch.object(handshake, step, self._noting(step))
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for stream in self._streams:
            stream.stop()
        self.parts.close()

    def adapter(self, *, ws_url: str = "", rest_url: str = "") -> Exchange:
        """The account's, or with another server."""
        own = self.account.exchange()
        keys = own.credentials[:2]
        urls = {"ws_url": ws_url or own.ws_url, "rest_url": rest_url or own.rest_url}
        if self.name == "upbit":
            return Upbit(*keys, region="sg", **urls)
        return CoinW(*keys, **urls)

    def stream(self, exchange: Exchange | None = None, **options: Any) -> AssetStream:
        """A new stream, whose end is seen to."""
        handlers: dict[str, Any] = {**self.heard.handlers(), **options}
        stream = AssetStream(exchange or self.account.exchange(), **handlers)
        self._streams.append(stream)
        return stream

    def live(self) -> AssetStream:
        """A stream that is LIVE."""
        stream = self.stream()
        stream.start()
        return stream

    def serve(self, script: Callable[[Peer], Any]) -> RawServer:
        """A server on plain sockets."""
        return self.parts.enter_context(RawServer(script))

    def stop(self, stream: AssetStream) -> None:
        """Stop it, measured; nothing of it may be left then."""
        began = perf_counter()
        answer = stream.stop()
        self.done(began)
        assert answer is True
        assert stream.state is State.STOPPED

    def joined(self, stream: AssetStream, began: float) -> None:
        """Wait for the end of a stream that was told to stop."""
        assert stream._launch.started().join(Deadline(PATIENCE))
        self.done(began)
        assert stream.state is State.STOPPED

    def done(self, began: float) -> None:
        """It counts as stopped from now: take the time, and look for leftovers."""
        self.took = perf_counter() - began
        assert own_threads() == []
        assert [sock for sock in self._opened if sock.fileno() != -1] == []

    def _noting(self, step: str) -> Callable[..., socket.socket]:
        real = getattr(handshake, step)

        def connect(*args: Any) -> socket.socket:
            sock: socket.socket = real(*args)
            self._opened.append(sock)
            return sock

        return connect


def own_threads() -> list[str]:
    """The names of threads of streams; a stuck look-up is the system's own matter."""
    names = [thread.name for thread in threading.enumerate()]
    foreign = ("assetstream-simulator", "assetstream-lookup")
    own = [name for name in names if name.startswith("assetstream-")]
    return [name for name in own if not name.startswith(foreign)]


def open_sockets() -> set[str]:
    """This process's sockets, as Linux names them; empty elsewhere."""
    found = set()
    for entry in Path("/proc/self/fd").glob("*"):
        try:
            found.add(os.readlink(entry))
        except OSError:
            pass  # that of the listing itself
    return {link for link in found if link.startswith("socket:")}


def measure(case: str, name: str) -> float:
    """Run one case on the exchange ``name``; return the seconds that stopping took."""
    before = open_sockets()
    with Stage(name) as stage:
        CASES[case](stage)
        assert stage.took >= 0
    assert open_sockets() - before == set(), "sockets left"
    return stage.took


@contextmanager
def reaching(phase: str) -> Iterator[threading.Event]:
    """An event that is set when a stream begins to wait in this phase."""
    reached = threading.Event()
    wait = Patience.wait

    def noticed(self: Patience, sock: Any, event: int, present: str) -> None:
        if present.startswith(phase):
            reached.set()
        wait(self, sock, event, present)

    with mock.patch.object(Patience, "wait", noticed):
        yield reached


def stop_while(stage: Stage, phase: str, exchange: Exchange, **options: Any) -> None:
    """Stop a stream of ``exchange`` that has come to wait in ``phase``."""
    with reaching(phase) as reached:
        stream = stage.stream(exchange, **options)
        stream.start(wait=False)
        assert reached.wait(PATIENCE)
        stage.stop(stream)


# Who stops it


def main_thread(stage: Stage) -> None:
    stage.stop(stage.live())


def another_thread(stage: Stage) -> None:
    stream = stage.live()
    thread = threading.Thread(target=stage.stop, args=(stream,))
    thread.start()
    thread.join()


def many_threads(stage: Stage) -> None:
    """All are told True; the slowest counts."""
    stream = stage.live()
    answers: list[bool] = []
    threads = [
        threading.Thread(target=lambda: answers.append(stream.stop())) for _ in range(8)
    ]
    began = perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stage.done(began)
    assert answers == [True] * 8


def twice(stage: Stage) -> None:
    stream = stage.live()
    stream.stop()
    stage.stop(stream)


def before_start(stage: Stage) -> None:
    stage.stop(stage.stream())


def in_callback(kind: type) -> Callable[[Stage], None]:
    """From the handler for events of this kind, in the stream's own thread."""

    def run(stage: Stage) -> None:
        called: list[float] = []
        stream = stage.stream()

        def stop(event: Any) -> None:
            live = not isinstance(event, StateChange) or event.current is State.LIVE
            if live and not called:
                called.append(perf_counter())
                assert stream.stop() is True
                stopped.set()

        stopped = threading.Event()
        stream.on_asset(stop) if kind is AssetUpdate else None
        stream.on_error(stop) if kind is AssetStreamError else None
        stream.on_state(stop) if kind is StateChange else None
        stream.start(wait=False)
        if kind is AssetStreamError:
            stage.account.wait_for_subscribers()
            (session,) = stage.account._subscribers
            session.connection.send(Message(Kind.PUSH, b"garbage"))
        assert stopped.wait(PATIENCE)
        stage.joined(stream, called[0])

    return run


#: ``SimpleQueue`` and no event: a signal that comes inside ``put`` leaves no lock held.
Told = SimpleQueue[None]
Waiting = Callable[[AssetStream, Told], None]


def on_signal(number: int, wait: Waiting) -> Callable[[Stage], None]:
    """By a signal to the main thread, which is inside ``wait``."""

    def run(stage: Stage) -> None:
        stream = stage.stream()
        waiting: Told = SimpleQueue()
        sent: list[float] = []
        answers: list[bool] = []

        def send() -> None:
            waiting.get(timeout=PATIENCE)
            sent.append(perf_counter())
            os.kill(os.getpid(), number)

        def stop(number: int, frame: object) -> None:
            answers.append(stream.stop())

        ctrl_c = number == signal.SIGINT
        former = signal.signal(number, signal.default_int_handler if ctrl_c else stop)
        sender = threading.Thread(target=send)
        sender.start()
        try:
            wait(stream, waiting)
            stage.joined(stream, sent[0])
        finally:
            sender.join()
            signal.signal(number, former)
        assert answers == ([] if ctrl_c else [True])

    return run


def run_forever(stream: AssetStream, waiting: Told) -> None:
    @stream.on_state
    def ready(change: StateChange) -> None:
        if change.current is State.LIVE:
            waiting.put(None)

    stream.run_forever()


def iterate(stream: AssetStream, waiting: Told) -> None:
    try:
        with stream:
            for _ in stream:
                waiting.put(None)
    except KeyboardInterrupt:
        pass


# Where it is at that moment


def connecting(stage: Stage) -> None:
    """Nobody accepts: the listener's queue is full."""
    with socket.socket() as listener, ExitStack() as fillers:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        sockets: list[socket.socket] = []
        for _ in range(4):
            filler = fillers.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
            sockets.append(filler)
        _, made, _ = select.select([], sockets, [], 0)
        assert len(made) < len(sockets), "the queue is not full"
        url = f"ws://127.0.0.1:{listener.getsockname()[1]}/"
        stop_while(stage, "connecting", stage.adapter(ws_url=url))


def looking_up(stage: Stage) -> None:
    """The system's look-up of the name hangs; its thread is left behind."""
    asked, answer = threading.Event(), threading.Event()
    real = socket.getaddrinfo

    def stuck(host: Any, *args: Any, **options: Any) -> Any:
        if host != "stuck.test":
            return real(host, *args, **options)
        if not options.get("flags"):
            asked.set()
            answer.wait(PATIENCE)
        raise OSError

    with mock.patch.object(socket, "getaddrinfo", stuck):
        stream = stage.stream(stage.adapter(ws_url="wss://stuck.test/"))
        stream.start(wait=False)
        assert asked.wait(PATIENCE)
        try:
            stage.stop(stream)
        finally:
            answer.set()
            for thread in threading.enumerate():
                if thread.name == "assetstream-lookup":
                    thread.join(PATIENCE)


def tls_handshake(stage: Stage) -> None:
    url = stage.serve(Peer.read_all).url.replace("ws:", "wss:")
    stop_while(stage, "in the TLS handshake", stage.adapter(ws_url=url))


def upgrade_tarpit(stage: Stage) -> None:
    url = stage.serve(Peer.read_all).url
    stop_while(stage, "answering the upgrade", stage.adapter(ws_url=url))


def proxy_tarpit(stage: Stage) -> None:
    proxy = f"http://127.0.0.1:{stage.serve(Peer.read_all).port}"
    stop_while(stage, "answering", stage.account.exchange(), proxy=proxy)


def backoff(stage: Stage) -> None:
    stage.parts.enter_context(
        stage.simulator.refuse_upgrades(429, headers={"Retry-After": "3600"})
    )
    stream = stage.stream()
    stream.start(wait=False)
    stage.heard.wait_for(lambda event: isinstance(event, AssetStreamError))
    stage.stop(stream)


def half_frame(stage: Stage) -> None:
    """The rest of a frame of 64 KB never comes."""
    begun = threading.Event()

    def script(peer: Peer) -> None:
        peer.upgrade(behind=b"\x81\x7f" + (1 << 16).to_bytes(8, "big") + b"half")
        peer.read_frame()
        begun.set()
        peer.read_all()

    stream = stage.stream(stage.adapter(ws_url=stage.serve(script).url))
    stream.start(wait=False)
    assert begun.wait(PATIENCE)
    stage.stop(stream)


def blocked_send(stage: Stage) -> None:
    """The peer reads nothing, and its window is full."""
    upgraded, blocked, over = threading.Event(), threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        peer.upgrade()
        upgraded.set()
        over.wait(PATIENCE)

    def fill() -> None:
        channel = life._session.link.channel
        assert channel is not None
        assert channel._traffic is not None
        while not channel._traffic.outbox.wants_write:
            channel.send("x" * 16_384)
        blocked.set()

    stream = stage.stream(stage.adapter(ws_url=stage.serve(script).url))
    stage.parts.callback(over.set)
    stream.start(wait=False)
    life = stream._launch.started()
    assert upgraded.wait(PATIENCE)
    while not blocked.wait(0.01):
        life._inbox.post(lambda: fill() if life._session.link.channel else None)
    stage.stop(stream)


class Slow(Fault):
    """Answers REST when it is all over."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.over = threading.Event()

    def rest(self, request: Request) -> Reply | None:
        self.asked.set()
        self.over.wait(PATIENCE)
        return None


def rest_call(stage: Stage) -> None:
    """It waits for the reply."""
    slow = Slow()
    stage.parts.enter_context(stage.simulator.faults.add(slow))
    stage.parts.callback(slow.over.set)
    stream = stage.stream()
    stream.start(wait=False)
    assert slow.asked.wait(PATIENCE)
    stage.stop(stream)


def rest_drips(stage: Stage) -> None:
    """The reply comes byte by byte, without end."""
    asked, over = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\n[")
        asked.set()
        while not over.wait(0.005):
            peer.send(b" ")

    rest_url = stage.serve(script).http_url.removesuffix("/read")
    stage.parts.callback(over.set)
    stream = stage.stream(stage.adapter(rest_url=rest_url))
    stream.start(wait=False)
    assert asked.wait(PATIENCE)
    stage.stop(stream)


def waited_for(stage: Stage) -> None:
    """Another thread waits for updates: its wait ends."""
    stream = stage.live()
    entered = threading.Event()

    def wait() -> None:
        for _ in stream:
            entered.set()

    thread = threading.Thread(target=wait)
    thread.start()
    assert entered.wait(PATIENCE)
    stage.stop(stream)
    thread.join(PATIENCE)
    assert not thread.is_alive()


CASES: dict[str, Callable[[Stage], None]] = {
    "from the main thread": main_thread,
    "from another thread": another_thread,
    "from eight threads at once": many_threads,
    "twice": twice,
    "before start": before_start,
    "from on_asset": in_callback(AssetUpdate),
    "from on_error": in_callback(AssetStreamError),
    "from on_state": in_callback(StateChange),
    "while it is waited for": waited_for,
    "while connecting": connecting,
    "in a stuck look-up": looking_up,
    "in the TLS handshake": tls_handshake,
    "in an upgrade tarpit": upgrade_tarpit,
    "in a proxy's tarpit": proxy_tarpit,
    "in backoff": backoff,
    "in half a frame": half_frame,
    "in a blocked send": blocked_send,
    "in a slow REST call": rest_call,
    "in a dripping REST call": rest_drips,
}
if hasattr(signal, "SIGUSR1"):
    CASES |= {
        "by a signal's handler": on_signal(signal.SIGUSR1, run_forever),
        "by a signal's handler, in `for`": on_signal(signal.SIGUSR1, iterate),
        "Ctrl-C in run_forever": on_signal(signal.SIGINT, run_forever),
        "Ctrl-C in `for`": on_signal(signal.SIGINT, iterate),
    }
