"""Cases by phase: connecting, in a handshake, backing off, reading, sending."""

from __future__ import annotations

import select
import socket
import threading
from contextlib import ExitStack, contextmanager
from typing import Any, Iterator
from unittest import mock

from assetstream.model.errors import AssetStreamError
from assetstream.protocol import Exchange
from assetstream.runtime.net.cancel import CancelScope
from assetstream.runtime.net.dial import host_of
from assetstream.simulator.faults import Fault
from assetstream.simulator.messages import Reply, Request
from tests.support.event_recorder import PATIENCE
from tests.support.raw_server import Peer
from tests.support.stop_cases.setup import Case, StopSetup

__all__ = ["PHASES"]


@contextmanager
def reaching(phase: str, peer: str) -> Iterator[threading.Event]:
    """Give an event that is set once a helper waits for the peer in this phase."""
    reached = threading.Event()
    wait = CancelScope.select

    def noticed(self: CancelScope, selector: Any, present: str, *args: Any) -> Any:
        assert "-helper-" in threading.current_thread().name
        if present.startswith(phase) and peer in self.peer:
            reached.set()
        return wait(self, selector, present, *args)

    with mock.patch.object(CancelScope, "select", noticed):
        yield reached


def stop_while(
    setup: StopSetup,
    phase: str,
    exchange: Exchange,
    *,
    peer: str = "",
    **options: Any,
) -> None:
    """Stop a stream of ``exchange`` once it waits in ``phase``."""
    with reaching(phase, peer) as reached:
        stream = setup.stream(exchange, **options)
        stream.start(wait=False)
        assert reached.wait(PATIENCE)
        setup.stop(stream)


@contextmanager
def nobody_accepts() -> Iterator[str]:
    """Give host and port of a listener whose queue is full; connects hang."""
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
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def connecting(setup: StopSetup) -> None:
    with nobody_accepts() as place:
        stop_while(setup, "connecting", setup.adapter(ws_url=f"ws://{place}/"))


def looking_up(setup: StopSetup) -> None:
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
        stream = setup.stream(setup.adapter(ws_url="wss://stuck.test/"))
        stream.start(wait=False)
        assert asked.wait(PATIENCE)
        try:
            setup.stop(stream)
            assert stream.health().lookups_left_behind == 1
        finally:
            answer.set()
            for thread in threading.enumerate():
                if thread.name == "assetstream-lookup":
                    thread.join(PATIENCE)
    assert stream.health().lookups_left_behind == 0


def tls_handshake(setup: StopSetup) -> None:
    url = setup.serve(Peer.read_all).url.replace("ws:", "wss:")
    stop_while(setup, "in the TLS handshake", setup.adapter(ws_url=url))


def upgrade_tarpit(setup: StopSetup) -> None:
    url = setup.serve(Peer.read_all).url
    stop_while(setup, "answering the upgrade", setup.adapter(ws_url=url))


def proxy_tarpit(setup: StopSetup) -> None:
    proxy = f"http://127.0.0.1:{setup.serve(Peer.read_all).port}"
    stop_while(setup, "answering", setup.account.exchange(), proxy=proxy)


def backoff(setup: StopSetup) -> None:
    setup.parts.enter_context(
        setup.simulator.refuse_upgrades(429, headers={"Retry-After": "3600"})
    )
    stream = setup.stream()
    stream.start(wait=False)
    setup.recorder.wait_for(lambda event: isinstance(event, AssetStreamError))
    setup.stop(stream)


def half_frame(setup: StopSetup) -> None:
    """A frame of 64 KB stays incomplete."""
    begun = threading.Event()

    def script(peer: Peer) -> None:
        peer.upgrade(behind=b"\x81\x7f" + (1 << 16).to_bytes(8, "big") + b"half")
        peer.read_frame()
        begun.set()
        peer.read_all()

    stream = setup.stream(setup.adapter(ws_url=setup.serve(script).url))
    stream.start(wait=False)
    assert begun.wait(PATIENCE)
    setup.stop(stream)


def blocked_send(setup: StopSetup) -> None:
    """The peer reads nothing, and its window is full."""
    upgraded, blocked, over = threading.Event(), threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        peer.upgrade()
        upgraded.set()
        over.wait(PATIENCE)

    def fill() -> None:
        channel = engine.session.connection
        # The peer may be done with the upgrade before we are.
        if channel is None or channel._transport is None:
            return
        while not channel._transport.send_buffer.wants_write:
            channel.send("x" * 16_384)
        blocked.set()

    stream = setup.stream(setup.adapter(ws_url=setup.serve(script).url))
    setup.parts.callback(over.set)
    stream.start(wait=False)
    engine = stream._run.started()
    assert upgraded.wait(PATIENCE)
    while not blocked.wait(0.01):
        assert not engine.state.final, stream.error
        engine.post(fill)
    setup.stop(stream)


def rest_connecting(setup: StopSetup) -> None:
    """The WebSocket is open, but nobody accepts at REST's address."""
    with nobody_accepts() as place:
        exchange = setup.adapter(rest_url=f"http://{place}")
        stop_while(setup, "connecting", exchange, peer=host_of(exchange.rest_url))


def rest_tls_handshake(setup: StopSetup) -> None:
    url = setup.serve(Peer.read_all).http_url.removesuffix("/read")
    exchange = setup.adapter(rest_url=url.replace("http:", "https:"))
    stop_while(setup, "in the TLS handshake", exchange, peer=host_of(exchange.rest_url))


class Slow(Fault):
    """Answers REST only after the test."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.over = threading.Event()

    def rest(self, request: Request) -> Reply | None:
        self.asked.set()
        self.over.wait(PATIENCE)
        return None


def rest_call(setup: StopSetup) -> None:
    """The stream waits for the reply to a read."""
    slow = Slow()
    setup.parts.enter_context(setup.simulator.faults.add(slow))
    setup.parts.callback(slow.over.set)
    stream = setup.stream()
    stream.start(wait=False)
    assert slow.asked.wait(PATIENCE)
    setup.stop(stream)


def rest_drips(setup: StopSetup) -> None:
    """The reply comes byte by byte, without end."""
    asked, over = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\n[")
        asked.set()
        while not over.wait(0.005):
            peer.send(b" ")

    rest_url = setup.serve(script).http_url.removesuffix("/read")
    setup.parts.callback(over.set)
    stream = setup.stream(setup.adapter(rest_url=rest_url))
    stream.start(wait=False)
    assert asked.wait(PATIENCE)
    setup.stop(stream)


PHASES: dict[str, Case] = {
    "while connecting": connecting,
    "in a stuck look-up": looking_up,
    "in the TLS handshake": tls_handshake,
    "in an upgrade tarpit": upgrade_tarpit,
    "in a proxy's tarpit": proxy_tarpit,
    "in backoff": backoff,
    "in half a frame": half_frame,
    "in a blocked send": blocked_send,
    "while a REST call connects": rest_connecting,
    "in a REST call's TLS handshake": rest_tls_handshake,
    "in a slow REST call": rest_call,
    "in a dripping REST call": rest_drips,
}
