"""The one TLS configuration, and TLS with the ciphertext in memory."""

from __future__ import annotations

import os
import random
import re
import selectors
import shutil
import socket
import ssl
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Iterator

import pytest
import trustme

from assetstream.runtime.loop import clock
from assetstream.runtime.net import tls
from assetstream.runtime.net.cancel import CancelToken
from assetstream.runtime.net.dial import dial
from assetstream.runtime.net.tls import SecureSocket, shared_context
from tests.support.certificates import serving
from tests.support.event_recorder import PATIENCE

CHUNK = 1 << 18
#: More than a socket takes.
LONG = bytes(range(256)) * 1024
#: The longest that a test waits, seconds.
BLOCKED = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Line:
    """Our socket, and a server's end whose records are made in memory."""

    def __init__(
        self,
        authority: trustme.CA,
        trusting: ssl.SSLContext,
        version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    ) -> None:
        context = serving(authority, "exchange.test")
        context.maximum_version = version
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

    def close_notify(self) -> bytes:
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

    def type_line(self, line: bytes) -> None:
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


def test_one_verifying_context_per_process() -> None:
    """The context verifies, requires TLS 1.2, and is made once."""
    context = shared_context()
    assert context is shared_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.cert_store_stats()["x509_ca"] > 50


@pytest.fixture
def line(authority: trustme.CA, trusting: ssl.SSLContext) -> Iterator[Line]:
    line = Line(authority, trusting)
    line.shake()
    yield line
    line.ours.close()
    line.peer.close()


def gather(line: Line) -> bytes:
    """Receive all that is there."""
    data = b""
    with suppress(*BLOCKED):
        while piece := line.ours.recv(CHUNK):
            data += piece
    return data


# Receiving


def test_many_records_come_as_one(line: Line) -> None:
    """One read returns all records."""
    gather(line)
    records = [b"%d," % number * 20 for number in range(1000)]
    line.send(line.seal(*records))

    assert line.ours.recv(CHUNK) == b"".join(records)
    assert not line.ours.pending()
    with pytest.raises(BlockingIOError):
        line.ours.recv(CHUNK)


@pytest.mark.parametrize("seed", range(10))
def test_records_may_be_cut_anywhere(line: Line, seed: int) -> None:
    """All data comes in order; half a record is not the end."""
    source = random.Random(seed)
    sizes = (1, 2, 300, tls.PIECE, tls.RECORD, 40_000)
    records = [source.randbytes(source.choice(sizes)) for _ in range(20)]
    ciphertext, got = line.seal(*records), b""
    while ciphertext:
        size = source.choice((1, 4, 5, 6, 21, 700, 5000, 50_000))
        line.send(ciphertext[:size])
        ciphertext = ciphertext[size:]
        got += gather(line)

    assert got == b"".join(records)


def test_what_there_is_no_room_for_is_kept(line: Line) -> None:
    """``pending`` counts it, because a selector cannot see it."""
    gather(line)
    line.send(line.seal(b"hello, world"))
    got = b""
    while not got:
        with suppress(ssl.SSLWantReadError):
            got = line.ours.recv(5)

    assert got == b"hello"
    assert line.ours.pending()
    assert line.ours.recv(CHUNK) == b", world"
    assert not line.ours.pending()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_what_comes_behind_the_handshake_is_kept(
    authority: trustme.CA, trusting: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    """A server may send at once, and nothing else may follow."""
    line = Line(authority, trusting, version)
    line.shake(behind=b"at once")

    assert gather(line) == b"at once"
    line.ours.close()
    line.peer.close()


# The end


def test_a_close_notify_ends_the_stream(line: Line) -> None:
    """b"" comes behind the data, again and again, though TCP stays open."""
    line.send(line.seal(b"last words") + line.close_notify() + b"\x17\x03\x03")

    assert line.ours.recv(CHUNK) == b"last words"
    assert line.ours.pending()
    assert line.ours.recv(CHUNK) == b""
    assert line.ours.recv(CHUNK) == b""


@pytest.mark.parametrize("cut", [0, 1, 4, 5, 30])
def test_an_end_without_notice_ends_it_too(line: Line, cut: int) -> None:
    """An incomplete record is dropped."""
    line.send(line.seal(b"whole") + line.seal(b"x" * 100)[:cut])
    line.peer.close()

    assert line.ours.recv(CHUNK) == b"whole"
    assert line.ours.recv(CHUNK) == b""


def test_a_broken_record_is_an_error_behind_good_data(line: Line) -> None:
    """The peer gets an alert, and nothing is received any more."""
    good, bad = line.seal(b"good"), bytearray(line.seal(b"x" * 100))
    bad[-1] ^= 1
    line.send(good + bad + line.seal(b"behind"))

    assert line.ours.recv(CHUNK) == b"good"
    assert line.ours.pending()
    with pytest.raises(ssl.SSLError, match=r"(?i)bad.record.mac"):
        line.ours.recv(CHUNK)
    assert line.ours.recv(CHUNK) == b""
    with pytest.raises(ssl.SSLError, match=r"(?i)alert"):
        line.read()


def test_a_reset_is_an_error(line: Line) -> None:
    """The system's error is raised."""
    gather(line)
    line.ours.send(b"unread")
    line.peer.close()

    with pytest.raises(ConnectionResetError):
        line.ours.recv(CHUNK)


# Sending


def test_sends_are_partial(line: Line) -> None:
    """Each send takes part of the data, and all of it arrives."""
    data, position = LONG[:50_000], 0
    while position < len(data):
        sent = line.ours.send(data[position:])
        assert 0 < sent <= tls.PIECE
        position += sent

    assert line.read() == data


def test_a_send_that_is_blocked_goes_on_where_it_was(line: Line) -> None:
    """A repeated send, with more bytes behind, loses and doubles nothing.

    It blocks in the middle of a record, of which the kernel has taken a part.
    """
    sent = line.fill()
    rest = LONG[len(sent) :]
    got = b""
    for _ in range(1000):
        got += line.read()
        with suppress(ssl.SSLWantWriteError):
            rest = rest[line.ours.send(rest) :]
        if not rest:
            break

    assert got + line.read() == LONG


def test_it_reads_while_a_send_is_blocked(line: Line) -> None:
    """Two peers that wait for each other to read would wait for ever."""
    line.fill()
    line.send(line.seal(b"read on"))

    assert gather(line) == b"read on"


def test_a_read_shows_that_bytes_wait_to_be_sent(line: Line) -> None:
    """The bytes are sent as soon as the socket takes them."""
    gather(line)
    sent = line.fill()
    with pytest.raises(ssl.SSLWantWriteError):
        line.ours.recv(CHUNK)
    got = line.read()
    with pytest.raises(BlockingIOError):
        line.ours.recv(CHUNK)
    got += line.read()

    assert got.startswith(sent)
    assert len(got) > len(sent)


# The handshake


def test_a_refusal_is_sent_to_the_server(authority: trustme.CA) -> None:
    """The server gets an alert, and the caller the reason."""
    line = Line(authority, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    with pytest.raises(ssl.SSLCertVerificationError, match="local issuer"):
        line.shake()
    line.fetch()

    with pytest.raises(ssl.SSLError, match=r"(?i)alert unknown ca"):
        line.tls.do_handshake()
    line.ours.close()
    line.peer.close()


def test_an_end_of_the_stream_ends_the_handshake(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    """The handshake does not wait for bytes that cannot come."""
    line = Line(authority, trusting)
    line.peer.close()
    with pytest.raises(OSError, match=r"EOF|Broken pipe"):
        line.ours.do_handshake()
    line.ours.close()


# Behaviour that only OpenSSL's own server can show


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the program")
@pytest.mark.parametrize(
    ("version", "command", "answer"),
    [
        ("-tls1_3", b"K", rb">>> .*KeyUpdate"),
        ("-tls1_2", b"r", rb"(?s)(<<< [^\n]*Finished.*){2}"),
    ],
    ids=["KeyUpdate", "renegotiation"],
)
def test_tls_answers_by_itself(
    authority: trustme.CA,
    trusting: ssl.SSLContext,
    tmp_path: Path,
    version: str,
    command: bytes,
    answer: bytes,
) -> None:
    """Bytes that TLS must send in answer go out, and both sides go on.

    The answer to a KeyUpdate goes out before the next that is sent.
    """
    both = Interactive(authority, trusting, tmp_path, version)
    try:
        both.type_line(command)
        both.wait_for(answer)
        both.type_line(b"hello")
        both.wait_for(b"", b"hello\n")
        both.wire.send(b"we go on\n")
        both.wait_for(b"we go on\n")
        assert (b"<<< TLS 1.3, Handshake [length 0005], KeyUpdate" in both.printed) is (
            command == b"K"
        )
    finally:
        both.close()
