"""One account, a detector for its stream's output, and faults that quote secrets."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from html import escape
from pathlib import Path
from typing import Any, Callable, Mapping
from urllib.parse import quote

import pytest

from assetstream import AssetStream
from assetstream.protocol import Exchange
from assetstream.recording import Recorder as TapeRecorder
from assetstream.simulator import Connection, Simulator
from assetstream.simulator.account import Account
from assetstream.simulator.faults import Fault
from assetstream.simulator.messages import Kind, Message, Reply, Request
from tests.support.clock import TimeMachine
from tests.support.event_recorder import PATIENCE, EventRecorder
from tests.support.leak_detector import LeakDetector
from tests.support.raw_server import RawServer
from tests.support.specs import SPECS, Spec, adapter_at, keys_of

__all__ = ["Case", "Echo", "EchoFrames", "SecrecySetup"]

#: Characters that URLs, JSON or the exchanges may escape.
ODD = "+/=\"'\\&%<>:,;?#"


class SecrecySetup:
    """One account, its streams, and the detector of their output."""

    def __init__(
        self,
        simulator: Simulator,
        account: Account,
        detector: LeakDetector,
        time_machine: TimeMachine,
        kind: Mapping[str, Any],
    ) -> None:
        self.simulator = simulator
        self.detector = detector
        self.recorder = EventRecorder()
        self._time_machine = time_machine
        self._kind = kind
        self._streams: list[AssetStream] = []
        # Everything that is played is recorded, too: a tape is passed on.
        self._tapes = tempfile.TemporaryDirectory()
        self._recorders: dict[AssetStream, TapeRecorder] = {}
        simulator.faults.add(SignatureGuard(detector))
        self.use(account)

    def __enter__(self) -> SecrecySetup:
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop and close everything, even if the test has failed."""
        for stream in self._streams:
            stream.stop()
        for tape_recorder in self._recorders.values():
            tape_recorder.close()
        self._tapes.cleanup()

    @property
    def spec(self) -> Spec:
        """The description of the account's exchange."""
        return SPECS[self.account.name]

    def open(self, **options: Any) -> None:
        """Take a new account of the same kind from now on."""
        funds = {"BTC": "1", "USDT": "1000"}
        name, options = self.account.name, {**self._kind, **options}
        self.use(self.simulator.open(name, funds, **options))

    def use(self, account: Account) -> None:
        """Take this account from now on."""
        self.account = account
        self.exchange = account.exchange()
        self.detector.guard_exchange(self.exchange)

    @property
    def credentials_text(self) -> str:
        """All credentials, in the order in which a URL or a login holds them."""
        return " ".join(self.exchange.credentials.values())

    def escaped(self, *more: str) -> str:
        """Return all credentials, and more, as URLs, JSON and pages write them.

        Nested, too.
        """
        forms = []
        for secret in (*self.exchange.credentials.values(), *more):
            text = json.dumps(secret)
            forms += [quote(secret), quote(secret, safe=""), quote(quote(secret))]
            forms += [escape(secret), escape(escape(secret))]
            forms += [text, text.replace("/", "\\/"), json.dumps(text), repr(secret)]
            forms.append("".join(f"\\u{ord(c):04X}" if c in ODD else c for c in secret))
        return " ".join(forms)

    def adapter(self, *, ws_url: str = "", rest_url: str = "", **keys: str) -> Exchange:
        """Make the account's adapter with other keys, by their names, or URLs."""
        own = dict(zip(self.exchange.key_names, keys_of(self.exchange), strict=True))
        self.exchange = adapter_at(
            self.exchange,
            ws_url=ws_url,
            rest_url=rest_url,
            keys=tuple({**own, **keys}.values()),
        )
        self.detector.guard_exchange(self.exchange)
        return self.exchange

    def move(self, side: str, server: RawServer) -> None:
        """Point the WebSocket or REST at this server."""
        if side == "WebSocket":
            self.adapter(ws_url=server.url)
        else:
            self.adapter(rest_url=server.http_url.removesuffix("/read"))

    def stream(self, exchange: Exchange | None = None, **options: Any) -> AssetStream:
        stream = AssetStream(
            exchange or self.exchange, **{**self.recorder.handlers(), **options}
        )
        self._streams.append(stream)
        path = Path(self._tapes.name, f"{len(self._streams)}.jsonl")
        self._recorders[stream] = TapeRecorder(stream, path)
        self._recorders[stream].start()
        return stream

    def live(self, **options: Any) -> AssetStream:
        stream = self.stream(**options)
        stream.start()
        return stream

    def expect_refusal(
        self, kind: type[BaseException], stream: AssetStream | None = None
    ) -> None:
        """Start a stream, which must raise ``kind``; collect the error."""
        stream = stream or self.stream()
        with pytest.raises(kind) as raised:
            stream.start()
        self.detector.add_error("raised by start()", raised.value)
        self.finish(stream)

    def expect_retry(
        self, kind: type[BaseException], stream: AssetStream | None = None
    ) -> None:
        """Start a stream; stop it once on_error was called with a ``kind``."""
        stream = stream or self.stream()
        stream.start(wait=False)
        self.recorder.wait_for(lambda event: isinstance(event, kind))
        self.finish(stream)

    def pass_time(self, seconds: float) -> None:
        """Advance the clock of every stream, but wake none."""
        self._time_machine.jump(seconds)

    def elapse(
        self, stream: AssetStream, met: Callable[[], object], step: float = 1.0
    ) -> None:
        """Advance the stream's clock until ``met`` is true."""
        pause = threading.Event()
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if met():
                return
            self._time_machine.jump(step, stream)
            pause.wait(0.005)  # for the exchange, whose time does not jump
        raise AssertionError(f"only: {self.recorder.events}")

    def event_contains(self, words: str) -> bool:
        """Return whether an event contains these words."""
        return any(words in str(event) for event in tuple(self.recorder.events))

    def finish(self, stream: AssetStream) -> None:
        """Collect the stream before and after its stop, its events, and its tape."""
        self.detector.add_stream(stream)
        assert stream.stop()
        self.detector.add_stream(stream)
        for event in self.recorder.events:
            self.detector.add("event", event)
        tape_recorder = self._recorders[stream]
        tape_recorder.close()
        self.detector.add("tape", tape_recorder.path.read_text(encoding="utf-8"))

    def send(self, payload: bytes | str) -> None:
        """Push a frame to the subscriber."""
        data = payload.encode() if isinstance(payload, str) else payload
        assert self.account.push(Message(Kind.PUSH, data)) == 1


class SignatureGuard(Fault):
    """Guards every authorization that arrives, and each signature, wherever it is."""

    def __init__(self, detector: LeakDetector) -> None:
        self._detector = detector

    def upgrade(self, request: Request) -> Reply | None:
        return self.rest(request)

    def rest(self, request: Request) -> Reply | None:
        self._detector.guard_headers(request.headers)
        self._detector.guard_signatures(request.query)
        return None

    def received(self, connection: Connection, payload: bytes) -> bytes:
        self._detector.guard_signatures(payload.decode())
        return payload


class Echo(Fault):
    """Answers with the whole request and all credentials."""

    def __init__(self, setup: SecrecySetup, to: str, status: int = 400) -> None:
        self.setup = setup
        self._to = to
        self._status = status

    def upgrade(self, request: Request) -> Reply | None:
        return self._reply(request) if self._to == "upgrade" else None

    def rest(self, request: Request) -> Reply | None:
        return self._reply(request) if self._to.startswith("rest") else None

    def quoted(self, request: Request) -> str:
        """Return all that is secret in a request, in many spellings."""
        return (
            f"{request.method} {request.path}?{request.query} {request.headers} "
            # Some programs shorten a long text to its beginning.
            f"{request.headers.get('authorization', '')[:70]} "
            f"{self.setup.credentials_text} "
            f"{self.setup.escaped(request.query, *request.headers.values())}"
        )

    def _reply(self, request: Request) -> Reply:
        quoted = self.quoted(request)
        if self._to == "rest, own form":
            return Reply.json(self._status, self.setup.spec.rest_error(quoted))
        headers = {"Location": f"{request.path}?{request.query}", "X-Echo": quoted}
        return Reply(self._status, quoted.encode(), headers)


class EchoFrames(Fault):
    """Answers each frame with an error that quotes it."""

    def __init__(self, setup: SecrecySetup) -> None:
        self._setup = setup

    def received(self, connection: Connection, payload: bytes) -> bytes | None:
        text = payload.decode()
        quoted = f"{text} {self._setup.credentials_text} {self._setup.escaped(text)}"
        refusal = json.dumps(self._setup.spec.frame_error(quoted))
        connection.send(Message(Kind.ERROR, refusal.encode()))
        return None


Case = Callable[[SecrecySetup], None]
