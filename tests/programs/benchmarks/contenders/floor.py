"""The floor: the least that Python needs, without SDK, guards or control frames."""

from __future__ import annotations

import base64
import os
import socket
import ssl
import threading
from typing import Sequence
from urllib.parse import urlsplit

from tests.programs.benchmarks.contenders.base import (
    SUBSCRIBE,
    Account,
    Contender,
    OnAsset,
    handler,
)

__all__ = ["Client"]

CHUNK = 1 << 16


class Client(Contender):
    """Reads with plain ``recv``, splits at frame headers, decodes with msgspec."""

    def start(self, accounts: Sequence[Account], on_asset: OnAsset) -> None:
        (account,) = accounts
        threading.Thread(target=run, args=(account, on_asset), daemon=True).start()


def run(account: Account, on_asset: OnAsset) -> None:
    """Pass on frames until the connection ends."""
    sock = connect(account)
    handle = handler(on_asset)
    buffer = b""
    while data := sock.recv(CHUNK):
        buffer = buffer + data if buffer else data
        start, end = 0, len(buffer)
        while end - start >= 2:
            size, begin = buffer[start + 1], start + 2
            if size == 126:
                if end - start < 4:
                    break
                size = buffer[start + 2] << 8 | buffer[start + 3]
                begin = start + 4
            if begin + size > end:
                break
            handle(buffer[begin : begin + size])
            start = begin + size
        buffer = buffer[start:]


def connect(account: Account) -> socket.socket:
    """Open a WebSocket, subscribe, and read the first answer."""
    url = urlsplit(account.ws_url)
    assert url.hostname
    sock = socket.create_connection((url.hostname, url.port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if url.scheme == "wss":
        context = ssl.create_default_context()
        sock = context.wrap_socket(sock, server_hostname=url.hostname)
    head = {
        "Host": url.netloc,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        **account.authorization(),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    sock.sendall(f"GET {url.path} HTTP/1.1\r\n{lines}\r\n".encode())
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += sock.recv(1)
    # Masked with zeros, which leaves the payload as it is.
    text = SUBSCRIBE.encode()
    assert len(text) < 126
    sock.sendall(bytes((0x81, 0x80 | len(text), 0, 0, 0, 0)) + text)
    return sock
