"""The exchange of ``tests.programs.soak``, in a process of its own.

It sends prepared frames, far faster than the simulator trades. It prints its port and
takes commands from stdin, a line each, until that is closed::

    push upbit 5000     so many pushes to the open connection
    drop coinw reset    end the open connection in one of the WAYS
"""

from __future__ import annotations

import argparse
import json
import socket
import struct
import sys
import threading
import time

from tests.support.raw_server import CLOSE, PING, PONG, Peer, RawServer, frame

__all__ = ["CURRENCIES", "WAYS"]

#: Ways in which a connection may end.
WAYS = ("close", "end", "reset", "half")
CURRENCIES = ("BTC", "USDT")
#: Pushes in one write.
BATCH = 250


class Venue:
    """One account on one exchange; its amounts count the pushes."""

    name: str

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._peer: Peer | None = None
        self._amounts = dict.fromkeys(CURRENCIES, 0)
        self._pushes = 0
        # A millisecond each from here on: never ahead of the clock.
        self._began = int(time.time() * 1000) - 86_400_000

    def serve(self, peer: Peer) -> None:
        """Answer the messages on one WebSocket until it ends."""
        peer.send(peer.acceptance())
        self._peer = peer
        while True:
            try:
                opcode, payload = peer.read_frame()
            except (IndexError, OSError):
                return  # it has ended
            with self._lock:
                if opcode == CLOSE:
                    peer.send(frame(payload, CLOSE))
                    return
                answers = (
                    [frame(payload, PONG)]
                    if opcode == PING
                    else [frame(json.dumps(x).encode()) for x in self.answer(payload)]
                )
                peer.send(b"".join(answers))

    def push(self, count: int) -> None:
        """Push that many changes, of one currency after the other."""
        assert self._peer is not None
        while count:
            frames = []
            for _ in range(min(BATCH, count)):
                self._pushes += 1
                currency = CURRENCIES[self._pushes % len(CURRENCIES)]
                self._amounts[currency] = self._pushes
                pushed = self.pushed(currency, self._pushes, self._began + self._pushes)
                frames.append(frame(pushed.encode()))
            with self._lock:
                self._peer.send(b"".join(frames))
            count -= len(frames)

    def drop(self, way: str) -> None:
        """End the open connection."""
        assert self._peer is not None
        sock = self._peer.sock
        with self._lock:
            if way == "close":
                self._peer.send(frame(struct.pack("!H", 1000), CLOSE))
            elif way == "reset":
                # The reset goes out when the reading thread closes the socket.
                linger = struct.pack("ii", 1, 0)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                sock.shutdown(socket.SHUT_RD)
            else:
                if way == "half":
                    self._peer.send(frame(b"x" * 1000)[:500])
                sock.shutdown(socket.SHUT_RDWR)

    def answer(self, payload: bytes) -> list[object]:
        """Return the answers to a request."""
        raise NotImplementedError

    def pushed(self, currency: str, amount: int, now: int) -> str:
        """Return a push."""
        raise NotImplementedError

    def balances(self) -> object:
        """Return the body of REST's reply."""
        raise NotImplementedError


class UpbitVenue(Venue):
    """The part of Upbit that the soak needs."""

    name = "upbit"

    def answer(self, payload: bytes) -> list[object]:
        if b"LIST_SUBSCRIPTIONS" not in payload:
            return []
        result = [{"type": "myAsset"}]
        return [{"method": "LIST_SUBSCRIPTIONS", "result": result, "ticket": "t"}]

    def pushed(self, currency: str, amount: int, now: int) -> str:
        return (
            '{"type":"myAsset","asset_uuid":"00000000-0000-0000-0000-000000000001",'
            f'"assets":[{{"currency":"{currency}","balance":{amount}.0123456789,'
            f'"locked":0}}],"asset_timestamp":{now},"timestamp":{now},'
            '"stream_type":"REALTIME"}'
        )

    def balances(self) -> object:
        return [
            {"currency": code, "balance": shown(amount), "locked": "0"}
            for code, amount in self._amounts.items()
        ]


class CoinWVenue(Venue):
    """The part of CoinW that the soak needs."""

    name = "coinw"

    def answer(self, payload: bytes) -> list[object]:
        event = json.loads(payload)["event"]
        good = {"data": {"result": True}}
        if event == "login":
            return [{**good, "channel": "login"}]
        if event == "sub":
            topic = {"biz": "exchange", "type": "assets", "channel": "subscribe"}
            return [{**good, **topic}]
        return [{"event": "pong"}] if event == "ping" else []

    def pushed(self, currency: str, amount: int, now: int) -> str:
        return (
            f'{{"biz":"exchange","data":{{"available":"{shown(amount)}",'
            f'"currency":"{currency}","time":{now},"type":"change",'
            f'"ledger_id":{now},"account":"spot","hold":"0"}},"type":"assets"}}'
        )

    def balances(self) -> object:
        data = {
            code: {"available": shown(amount), "onOrders": "0"}
            for code, amount in self._amounts.items()
        }
        return {"code": "200", "data": data, "msg": "SUCCESS", "success": True}


def shown(amount: int) -> str:
    """Return a number as an amount with some digits."""
    return f"{amount}.0123456789"


def main() -> None:
    """Serve, and obey the commands on stdin."""
    argparse.ArgumentParser(
        prog="python -m tests.programs.soak_server",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args()
    venues = {venue.name: venue for venue in (UpbitVenue(), CoinWVenue())}

    def serve(peer: Peer) -> None:
        head = peer.read_request().split(b"\r\n", 1)[0]
        if b"/ws/" in head:
            venues["upbit" if b"upbit" in head else "coinw"].serve(peer)
        elif head:
            body = venues["upbit" if b"accounts" in head else "coinw"].balances()
            reply(peer, json.dumps(body).encode())

    with RawServer(serve) as server:
        print(server.port, flush=True)
        for line in sys.stdin:
            command, name, argument = line.split()
            if command == "push":
                venues[name].push(int(argument))
            else:
                venues[name].drop(argument)


def reply(peer: Peer, body: bytes) -> None:
    """Answer a REST read."""
    peer.send(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
        b"Content-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body
    )


if __name__ == "__main__":
    main()
