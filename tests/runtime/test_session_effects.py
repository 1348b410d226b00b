"""The session's effects on the network: dial, hang up, fetch, call off."""

from __future__ import annotations

import math
import threading
from queue import SimpleQueue
from typing import Any, Iterator, cast

import pytest

from assetstream import ConnectionLost, Upbit
from assetstream.core.effects import CallOff, Dial, Effect, Fetch, HangUp, Turn
from assetstream.core.link import Link
from assetstream.core.machine import StreamMachine
from assetstream.core.outcomes import Abandoned, Broken, HttpReply
from assetstream.core.present import Present
from assetstream.model.history import Recent
from assetstream.protocol import Connect, HttpCall
from assetstream.runtime.dispatcher import Dispatcher, Handlers
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.helpers import Helpers
from assetstream.runtime.loop.waits import Deadline
from assetstream.runtime.mailbox import CallbackMailbox
from assetstream.runtime.origin import Parts
from assetstream.runtime.places import place_of
from assetstream.runtime.publisher import Publisher
from assetstream.runtime.session import Session
from assetstream.runtime.settings import make_settings
from assetstream.runtime.threads import ThreadSet
from tests.support.event_recorder import PATIENCE
from tests.support.raw_server import Peer, RawServer
from tests.support.sockets import open_sockets


class Script:
    """A machine with scripted effects that notes every event."""

    deadline = math.inf
    link = Link.READY

    def __init__(self) -> None:
        self.events: SimpleQueue[Any] = SimpleQueue()
        self.effects: SimpleQueue[Effect] = SimpleQueue()

    def started(self, at: Any) -> list[Effect]:
        return [self.effects.get()]

    def opened(self, ticket: int, headers: Any, asked: float, at: Any) -> list[Effect]:
        return self._note("opened")

    def ended(self, ticket: int, ending: Any, at: Any) -> list[Effect]:
        return self._note(ending)

    def replied(self, ticket: int, outcome: Any, asked: float, at: Any) -> list[Effect]:
        return self._note(outcome)

    def unanswered(self, ticket: int, left: float, at: Any) -> list[Effect]:
        assert 0 < left <= 5.0
        return self._note(("unanswered", ticket))

    def _note(self, event: Any) -> list[Effect]:
        self.events.put(event)
        return []


class Bench:
    """A session on real threads, and the answers to its requests."""

    def __init__(self) -> None:
        self.threads = ThreadSet("test")
        self.threads.start()
        reader = self.threads.reader_thread()
        assert reader is not None
        self.reader = reader
        exchange = Upbit("key", "secret", region="sg")
        settings = make_settings(
            exchange,
            account="a",
            audit_interval="exchange",
            connect_timeout=5.0,
            max_pending=10,
            history=0,
            proxy=None,
            ssl_context=None,
        )
        present = Present("upbit", "a", lambda: 0.0)
        dispatcher = Dispatcher("a", Handlers(), CallbackMailbox(10), print, print)
        shared = self.threads.shared
        self.session = Session(
            exchange,
            Parts(
                settings,
                present,
                Publisher(present, dispatcher, print, Recent(0)),
                dispatcher,
                shared,
                reader,
                reader.calls.post,
                lambda: None,
                lambda observer, error: None,
            ),
        )
        self.script = Script()
        self.session.machine = cast(StreamMachine, self.script)
        assert reader.add(self.session, self.script.events.put)

    def do(self, effect: Effect) -> None:
        """Make the session carry out an effect in the reader thread."""
        self.script.effects.put(effect)
        self.reader.calls.post(self.session.start)

    def next(self) -> Any:
        return self.script.events.get(timeout=PATIENCE)


@pytest.fixture
def bench() -> Iterator[Bench]:
    before = open_sockets()
    bench = Bench()
    yield bench
    bench.reader.calls.post(bench.session.close)
    bench.do(HangUp(1))
    left = threading.Event()
    bench.reader.calls.post(lambda: (bench.reader.leave(bench.session), left.set()))
    assert left.wait(PATIENCE)
    bench.threads.stop()
    assert bench.threads.join(Deadline(PATIENCE))
    assert open_sockets() == before


def test_a_connection_is_dialled_and_hung_up(bench: Bench) -> None:
    """Each request gets one answer, in the reader thread."""

    def script(peer: Peer) -> None:
        peer.upgrade()
        peer.read_all()

    with RawServer(script) as server:
        bench.do(Dial(1, Connect(server.url)))
        assert bench.next() == "opened"
        bench.do(HangUp(1))
        assert bench.next() == Abandoned()
        bench.do(HangUp(1))
    assert bench.script.events.empty()


def test_dialling_is_hung_up_at_once(bench: Bench) -> None:
    """The server does not answer."""
    asked = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        asked.set()
        peer.read_all()

    with RawServer(script) as server:
        bench.do(Dial(1, Connect(server.url)))
        assert asked.wait(PATIENCE)
        bench.do(HangUp(1))
        assert bench.next() == Abandoned()


def test_what_cannot_be_reached_is_answered(bench: Bench) -> None:
    """The failure is an answer, not an exception."""
    bench.do(Dial(1, Connect("ws://127.0.0.1:1/")))
    assert isinstance(bench.next(), Broken)


def test_a_request_is_answered_or_called_off(bench: Bench) -> None:
    """After close no request is made."""
    asked = threading.Event()

    def answer(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")
        peer.read_all()

    def silence(peer: Peer) -> None:
        peer.read_request()
        asked.set()
        peer.read_all()

    with RawServer(answer) as server:
        call = HttpCall("GET", server.http_url)
        bench.do(Fetch(2, call, 5.0))
        reply = bench.next()
        assert isinstance(reply, HttpReply)
        assert (reply.status, reply.body) == (200, b"[]")
    with RawServer(silence) as server:
        call = HttpCall("GET", server.http_url)
        bench.do(Fetch(2, call, 5.0))
        assert asked.wait(PATIENCE)
        bench.do(CallOff(2))
        error = bench.next()
        assert isinstance(error, ConnectionLost)
        assert "was given up" in error.problem
        bench.reader.calls.post(bench.session.close)
        bench.do(Fetch(2, call, 5.0))
        bench.reader.calls.post(lambda: bench.script.events.put("last"))
        assert bench.next() == "last"


def test_l6_the_machine_is_asked_to_sign_again(bench: Bench) -> None:
    """The kept connection dies with the request that the server has read."""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")
        peer.read_request()

    with RawServer(script) as server:
        call = HttpCall("GET", server.http_url)
        bench.do(Fetch(2, call, 5.0))
        assert isinstance(bench.next(), HttpReply)
        bench.do(Fetch(3, call, 5.0))
        assert bench.next() == ("unanswered", 3)


def test_l4_turns_wait_while_jobs_wait_for_a_stuck_host(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it answers again, those who were granted a turn must not be too many."""
    start = Helpers.start

    def full(self: Helpers, *job: Any) -> int:
        return 30 + start(self, *job)

    monkeypatch.setattr(Helpers, "start", full)
    now = clock.now()
    bench.do(Dial(1, Connect("ws://127.0.0.1:1/")))
    assert isinstance(bench.next(), Broken)
    place = place_of(Upbit("key", "secret", region="sg"), None)
    place.ask(bench.session, 5, Turn.AUDIT)
    assert place.deadline <= clock.now(), "reads do not wait for the WebSocket's host"
    bench.do(Fetch(2, HttpCall("GET", "http://127.0.0.1:1/"), 5.0))
    assert isinstance(bench.next(), ConnectionLost)
    assert place.deadline >= now + 30.0
    place.ask(bench.session, 6, Turn.CONNECT)
    assert place.deadline >= now + 30.0
