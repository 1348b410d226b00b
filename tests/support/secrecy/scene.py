"""One account, what a stream of it lets out, and exchanges that say too much."""

from __future__ import annotations

import json
import tempfile
import threading
from pathlib import Path
from typing import Any, Callable
from urllib.parse import quote

import pytest

from assetstream import AssetStream, CoinW, Upbit
from assetstream.protocol import Exchange
from assetstream.recording import Recorder as TapeRecorder
from assetstream.simulator import Connection, Simulator
from assetstream.simulator.account import Account
from assetstream.simulator.faults import Fault
from assetstream.simulator.messages import Kind, Message, Reply, Request
from tests.conftest import TimeMachine
from tests.support.evidence import Evidence
from tests.support.recorders import Recorder
from tests.support.specs import keys_of

__all__ = ["Echo", "EchoFrames", "Play", "Scene", "refusal"]

#: What URLs, JSON or either of the exchanges may write in another way.
ODD = "+/=\"'\\&%<>:,;?#"


class Scene:
    """One account, what a stream of it lets out, and what that must not hold."""

    def __init__(
        self,
        simulator: Simulator,
        account: Account,
        out: Evidence,
        time_machine: TimeMachine,
    ) -> None:
        self.simulator = simulator
        self.out = out
        self.heard = Recorder()
        self._time_machine = time_machine
        self._streams: list[AssetStream] = []
        # Everything that is played is recorded, too: a tape is passed on.
        self._tapes = tempfile.TemporaryDirectory()
        self._recorders: dict[AssetStream, TapeRecorder] = {}
        simulator.faults.add(Witness(out))
        self.use(account)

    def __enter__(self) -> Scene:
        return self

    def __exit__(self, *exc: object) -> None:
        """Leave nothing to the next test if this one has failed."""
        for stream in self._streams:
            stream.stop()
        for recorder in self._recorders.values():
            recorder.close()
        self._tapes.cleanup()

    def use(self, account: Account) -> None:
        """Be about this account from now on."""
        self.account = account
        self.exchange = account.exchange()
        self.out.guard_exchange(self.exchange)

    @property
    def spill(self) -> str:
        """All credentials, in the order in which a URL or a login holds them."""
        return " ".join(self.exchange.credentials.values())

    @property
    def escaped(self) -> str:
        """All credentials as URLs and JSON write them, once and twice over."""
        forms = []
        for secret in self.exchange.credentials.values():
            text = json.dumps(secret)
            forms += [quote(secret), quote(secret, safe=""), quote(quote(secret))]
            forms += [text, text.replace("/", "\\/"), json.dumps(text), repr(secret)]
            forms.append("".join(f"\\u{ord(c):04X}" if c in ODD else c for c in secret))
        return " ".join(forms)

    def adapter(
        self, *, key: str = "", secret: str = "", ws_url: str = "", rest_url: str = ""
    ) -> Exchange:
        """The account's adapter with something else about it."""
        own = self.exchange
        urls = {"ws_url": ws_url or own.ws_url, "rest_url": rest_url or own.rest_url}
        keys = key or keys_of(own)[0], secret or keys_of(own)[1]
        if self.account.name == "upbit":
            self.exchange = Upbit(*keys, region="sg", **urls)
        else:
            self.exchange = CoinW(*keys, **urls)
        self.out.guard_exchange(self.exchange)
        return self.exchange

    def stream(self, exchange: Exchange | None = None, **options: Any) -> AssetStream:
        stream = AssetStream(
            exchange or self.exchange, **{**self.heard.handlers(), **options}
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

    def refused(
        self, kind: type[BaseException], stream: AssetStream | None = None
    ) -> None:
        """Start it, which must raise ``kind``; take the error."""
        stream = stream or self.stream()
        with pytest.raises(kind) as raised:
            stream.start()
        self.out.add_error("raised by start()", raised.value)
        self.ended(stream)

    def retried(
        self, kind: type[BaseException], stream: AssetStream | None = None
    ) -> None:
        """Start it, and stop it once on_error was told of a ``kind``."""
        stream = stream or self.stream()
        stream.start(wait=False)
        self.heard.wait_for(lambda event: isinstance(event, kind))
        self.ended(stream)

    def elapse(
        self, stream: AssetStream, met: Callable[[], object], step: float = 1.0
    ) -> None:
        """Let the stream's own time pass until it is met, 600 steps at the most."""
        pause = threading.Event()
        for _ in range(600):
            if met():
                return
            self._time_machine.jump(step, stream)
            pause.wait(0.005)  # for the exchange, whose time does not jump
        raise AssertionError(f"only: {self.heard.events}")

    def heard_of(self, words: str) -> bool:
        """Whether an event has these words."""
        return any(words in str(event) for event in tuple(self.heard.events))

    def ended(self, stream: AssetStream) -> None:
        """Look at it, stop it, look at it again, and at all that was heard."""
        self.out.add_stream(stream)
        assert stream.stop()
        self.out.add_stream(stream)
        for event in self.heard.events:
            self.out.add("event", event)
        recorder = self._recorders[stream]
        recorder.close()
        self.out.add("tape", recorder.path.read_text(encoding="utf-8"))

    def send(self, payload: bytes | str) -> None:
        """Push a frame to the subscriber."""
        (session,) = self.account._subscribers
        data = payload.encode() if isinstance(payload, str) else payload
        session.connection.send(Message(Kind.PUSH, data))


class Witness(Fault):
    """Has guarded what came in: authorizations, and the signatures in them."""

    def __init__(self, out: Evidence) -> None:
        self._out = out

    def upgrade(self, request: Request) -> Reply | None:
        self._out.guard_headers(request.headers)
        return None

    def rest(self, request: Request) -> Reply | None:
        self._out.guard_headers(request.headers)
        return None


class Echo(Fault):
    """Answers with all that came in, and all credentials beside it."""

    def __init__(self, scene: Scene, to: str, status: int = 400) -> None:
        self._scene = scene
        self._to = to
        self._status = status

    def upgrade(self, request: Request) -> Reply | None:
        return self._reply(request) if self._to == "upgrade" else None

    def rest(self, request: Request) -> Reply | None:
        return self._reply(request) if self._to.startswith("rest") else None

    def _reply(self, request: Request) -> Reply:
        said = (
            f"{request.method} {request.path}?{request.query} {request.headers} "
            # Of what is long some show the beginning only.
            f"{request.headers.get('authorization', '')[:70]} {self._scene.spill} "
            f"{self._scene.escaped}"
        )
        if self._to == "rest, own form":
            return Reply.json(self._status, refusal(said))
        headers = {"Location": f"{request.path}?{request.query}", "X-Echo": said}
        return Reply(self._status, said.encode(), headers)


class EchoFrames(Fault):
    """Answers each frame by an error that quotes it."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def received(self, connection: Connection, payload: bytes) -> bytes | None:
        said = f"{payload.decode()} {self._scene.spill} {self._scene.escaped}"
        connection.send(Message(Kind.ERROR, json.dumps(refusal(said)).encode()))
        return None


def refusal(said: str) -> dict[str, object]:
    """A refusal in the form of either exchange, with these words in every place."""
    return {
        "error": {"name": said, "message": said},
        "code": "77",
        "msg": said,
        "channel": "login",
        "data": {"result": False, "errorCode": said, "errorMsg": said},
    }


Play = Callable[[Scene], None]
