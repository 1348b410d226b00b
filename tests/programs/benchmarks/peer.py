"""One client of the load server, from its first byte to its last."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from tests.programs.benchmarks.frames import BINARY, TEXT, Frames, frame
from tests.programs.benchmarks.wire import (
    Gone,
    Wire,
    accept,
    frames_in,
    head_in,
    pong,
    reply,
)

if TYPE_CHECKING:
    from tests.programs.benchmarks.server import Server

__all__ = ["Peer"]

CLOSE, PING = 0x8, 0x9


class Peer:
    """Answers REST, the upgrade, and the client's WebSocket messages.

    Attributes:
        frames: of the account that has logged in here.
    """

    frames: Frames

    def __init__(self, server: Server, wire: Wire) -> None:
        self.wire = wire
        self._server = server
        self._received = bytearray()
        self._upgraded = False

    def readable(self) -> None:
        """Read and answer. Raises Gone."""
        self._received += self.wire.receive()
        while not self._upgraded:
            head = head_in(self._received)
            if head is None:
                return
            self._asked(*head)
        for opcode, payload in frames_in(self._received):
            self._frame(opcode, payload)

    def _asked(self, method: str, target: str, headers: dict[str, str]) -> None:
        frames = self._server.account(access_key(headers))
        if "sec-websocket-key" in headers:
            self._upgraded = True
            self.frames = frames
            self.wire.send(accept(headers, self._server.wall()))
            return
        # Every request is GET /v1/accounts, the only one that clients make.
        items = [
            {"currency": code, "balance": available, "locked": locked}
            for code, (available, locked) in frames.published.items()
        ]
        self._server.reads += 1
        self.wire.send(reply(json.dumps(items).encode(), self._server.wall()))

    def _frame(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self.wire.send(pong(payload))
        elif opcode == CLOSE:
            self.wire.send(frame(CLOSE, payload[:2]))
            raise Gone
        elif opcode in (TEXT, BINARY):
            if payload == b"PING":
                self._answer({"status": "UP"})
                return
            request = json.loads(payload)
            if isinstance(request, list):
                self._upbit(request)
            else:
                self._bybit(request)

    def _upbit(self, parts: list[dict[str, Any]]) -> None:
        ticket = parts[0]["ticket"]
        if any(part.get("method") == "LIST_SUBSCRIPTIONS" for part in parts):
            listed = {"method": "LIST_SUBSCRIPTIONS", "result": [{"type": "myAsset"}]}
            self._answer({**listed, "ticket": ticket})
        else:
            self._server.subscribe(self)

    def _bybit(self, request: dict[str, Any]) -> None:
        op = request["op"]
        if op == "ping":
            self._answer({"op": "pong"})
            return
        done = {"success": True, "ret_msg": "", "op": op, "conn_id": "benchmark"}
        self._answer({**done, "req_id": request.get("req_id", "")})
        if op == "subscribe":
            self._server.subscribe(self)

    def _answer(self, content: object) -> None:
        self.wire.send(frame(TEXT, json.dumps(content).encode()))


def access_key(headers: dict[str, str]) -> str:
    """Return the access key that Upbit's token names; Bybit's clients have none."""
    token = headers.get("authorization", "")
    if not token:
        return ""
    claims = token.split(".")[1]
    decoded = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    found: str = decoded["access_key"]
    return found
