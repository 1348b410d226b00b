"""TLS servers that run in the test's own thread, with one client of ours."""

from __future__ import annotations

import os
import re
import selectors
import socket
import ssl
import subprocess
from contextlib import suppress
from pathlib import Path

import trustme

from assetstream.runtime.loop import clock
from assetstream.runtime.net.cancel import CancelToken
from assetstream.runtime.net.dial import dial
from assetstream.runtime.net.tls import SecureSocket

CHUNK = 1 << 18
#: More than a socket takes.
LONG = bytes(range(256)) * 1024
#: The longest that a test waits, seconds.
PATIENCE = 5.0
BLOCKED = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Line:
    """Our socket, and a server's end whose records are made in memory."""

    def __init__(
        self,
        authority: trustme.CA,
        trusting: ssl.SSLContext,
        version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    ) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = version
        authority.issue_cert("exchange.test").configure_cert(context)
        raw, self.peer = socket.socketpair()
        for sock in (raw, self.peer):
            sock.setblocking(False)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.raw = raw
        self.ours = SecureSocket(raw, trusting, "exchange.test")

    def shake(self, behind: bytes = b"") -> None:
        """Shake hands; send ``behind`` together with the server's last message."""
        theirs = ours = False
        while not (theirs and ours):
            with suppress(*BLOCKED):
                self.ours.do_handshake()
                ours = True
            self.fetch()
            with suppress(*BLOCKED):
                if not theirs:
                    self.tls.do_handshake()
                    theirs = True
                    self.send(self.seal(behind) if behind else b"")
            self.send(self._outgoing.read())

    def fetch(self) -> None:
        """Take the bytes that have arrived at the server."""
        with suppress(BlockingIOError):
            while data := self.peer.recv(CHUNK):
                self._incoming.write(data)

    def read(self) -> bytes:
        """Return the plaintext that the server has received so far."""
        self.fetch()
        data = b""
        with suppress(ssl.SSLWantReadError):
            while piece := self.tls.read(CHUNK):
                data += piece
        return data

    def seal(self, *records: bytes) -> bytes:
        """Return the ciphertext of these records."""
        for record in records:
            self.tls.write(record)
        return self._outgoing.read()

    def bid_farewell(self) -> bytes:
        """Return the ciphertext of a close_notify."""
        with suppress(ssl.SSLWantReadError):
            self.tls.unwrap()
        return self._outgoing.read()

    def send(self, ciphertext: bytes) -> None:
        self.peer.sendall(ciphertext)

    def fill(self) -> bytes:
        """Send until the kernel takes no more; return the bytes accepted."""
        self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        position = 0
        with suppress(ssl.SSLWantWriteError):
            while True:
                position += self.ours.send(LONG[position:])
        return LONG[:position]


SERVER = ("openssl", "s_server", "-msg", "-accept", "127.0.0.1:0", "-cert")


class Interactive:
    """``openssl s_server`` and a client of ours, both served by one thread."""

    def __init__(
        self,
        authority: trustme.CA,
        trusting: ssl.SSLContext,
        folder: Path,
        version: str,
    ) -> None:
        pem = folder / "server.pem"
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
            str(pem)
        )
        self.printed = self.got = b""
        self._process = subprocess.Popen(
            [*SERVER, pem, version],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._token, self._selector = CancelToken(), selectors.DefaultSelector()
        self._selector.register(self._process.stdout, selectors.EVENT_READ)
        self.wait_for(rb"ACCEPT .*:(\d+)\n")
        found = re.search(rb"ACCEPT .*:(\d+)\n", self.printed)
        assert found
        self.wire = dial(
            f"wss://127.0.0.1:{int(found[1])}/",
            deadline=clock.now() + PATIENCE,
            token=self._token,
            ssl_context=trusting,
        )
        self._selector.register(self.wire, selectors.EVENT_READ)

    def tell(self, line: bytes) -> None:
        """Type a line: one of its own commands, or data to send."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + b"\n")
        self._process.stdin.flush()

    def wait_for(self, printed: bytes, got: bytes = b"") -> None:
        """Receive until the server has printed this and sent that."""
        while not (re.search(printed, self.printed) and got in self.got):
            ready = self._selector.select(PATIENCE)
            assert ready, f"{self.printed!r}, {self.got!r}"
            for key, _ in ready:
                if key.fileobj is self._process.stdout:
                    piece = os.read(key.fd, CHUNK)
                    assert piece, self.printed
                    self.printed += piece
                else:
                    with suppress(*BLOCKED):
                        self.got += self.wire.recv(CHUNK)

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._selector.close()
        self._token.close()
        if hasattr(self, "wire"):
            self.wire.close()
