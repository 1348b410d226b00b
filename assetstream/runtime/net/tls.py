"""The one TLS configuration of the process, and TLS over a non-blocking TCP socket.

The socket keeps the ciphertext in memory. ``ssl.SSLSocket`` makes two system calls for
each record, and exchanges send a record for each frame. Here one call fetches what has
come, and all its records are opened.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
from typing import Any, Mapping

import certifi

__all__ = ["BUNDLES", "SecureSocket", "bundle_words", "shared_context"]

#: Bytes that TLS is given, or gives, at a time. Its buffers grow to that size and never
#: shrink: with 64 KB an idle connection that once saw a burst would weigh three times
#: as much, with less, the burst would take longer.
PIECE = 1 << 12
#: The most plaintext there is in a record.
RECORD = 1 << 14


#: Variables of the environment by which OpenSSL, requests and curl are given a file, or
#: a directory, of further authorities.
BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")

_lock = threading.Lock()
_context: ssl.SSLContext | None = None


def shared_context() -> ssl.SSLContext:
    """Return the verifying context that every connection without its own uses.

    One per process: reading the certificate store costs about 30 ms and 800 KB, which
    would otherwise be paid at every reconnect.
    """
    global _context
    with _lock:
        if _context is None:
            # The system's store knows a company's own authority, certifi those that
            # an old or bare system lacks.
            context = ssl.create_default_context()
            context.load_verify_locations(certifi.where())
            for path in bundles().values():
                # One that cannot be read may not be needed either: what is refused
                # then names it.
                with contextlib.suppress(OSError):
                    load_bundle(context, path)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.set_alpn_protocols(["http/1.1"])
            _context = context
        return _context


def bundles() -> dict[str, str]:
    """Return the paths that the environment names, by variable."""
    named = {name: os.environ.get(name, "") for name in BUNDLES}
    return {name: path for name, path in named.items() if path}


def load_bundle(context: ssl.SSLContext, path: str) -> None:
    """Let ``context`` trust the authorities in a file or directory.

    Raises:
        OSError: it cannot be read, or holds no certificate.
    """
    if os.path.isdir(path):
        context.load_verify_locations(capath=path)
    else:
        context.load_verify_locations(cafile=path)


def bundle_words() -> str:
    """Say by which variables further authorities are named, and what they are now."""
    *others, last = BUNDLES
    words = f"a file that {', '.join(others)} or {last} names"
    scratch = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    found: list[str] = []
    for name, path in bundles().items():
        try:
            load_bundle(scratch, path)
            found.append(f"{name} is {path}")
        except OSError:
            found.append(f"{name} is {path}, which holds no certificates to read")
    return f"{words} ({'; '.join(found)})" if found else words


class SecureSocket:
    """A connected non-blocking socket, as ``ssl.SSLSocket`` would be one.

    It raises the same exceptions, and as there a ``send`` that raised is to be
    repeated with the same bytes; if it was SSLWantReadError, after a ``recv``. One
    thread uses it at a time: there is no lock.
    """

    def __init__(
        self, sock: socket.socket, context: ssl.SSLContext, server_hostname: str
    ) -> None:
        self._sock = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=server_hostname
        )
        #: Ciphertext on its way out, and how much of the caller's data is in it.
        self._unsent = b""
        self._accepted = 0
        #: Plaintext that the caller had no room for.
        self._plain = b""
        #: Behind it TLS has ended, by its own word (close_notify) or by a failure.
        self._ended = False
        self._failure: ssl.SSLError | None = None

    def do_handshake(self) -> None:
        """Shake hands; to be called again when the socket is ready if it raised."""
        try:
            while not self._advance():
                data = self._sock.recv(PIECE)
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
        except ssl.SSLError as error:
            if not isinstance(error, ssl.SSLWantWriteError):
                with contextlib.suppress(OSError):
                    self._flush()  # the alert with the reason, for the peer
            raise
        self._plain = self._open(b"")  # what came behind the handshake

    @property
    def version(self) -> str:
        """The version of TLS that is spoken, such as "TLSv1.3"; "" before."""
        return self._tls.version() or ""

    @property
    def certificate(self) -> Mapping[str, Any]:
        """The peer's certificate, as ``ssl.SSLSocket.getpeercert`` returns it."""
        return self._tls.getpeercert() or {}

    def recv(self, size: int) -> bytes:
        """Return up to ``size`` bytes of what has come; b"" at the end."""
        data = self._plain or self._receive(size)
        self._plain = data[size:]
        return data[:size]

    def send(self, data: bytes | bytearray) -> int:
        """Return how many bytes from the beginning of ``data`` are sent."""
        if not self._accepted:
            self._accepted = self._tls.write(data[:PIECE])
        self._flush()
        sent, self._accepted = self._accepted, 0
        return sent

    def pending(self) -> bool:
        """Return True if ``recv`` has something that a selector cannot see."""
        return bool(self._plain) or self._ended

    def fileno(self) -> int:
        return self._sock.fileno()

    def shutdown(self, how: int) -> None:
        self._sock.shutdown(how)

    def close(self) -> None:
        self._sock.close()

    def _advance(self) -> bool:
        """Go on with the handshake; True if it is done."""
        done = True
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            done = False
        self._flush()
        return done

    def _receive(self, size: int) -> bytes:
        """Fetch ciphertext, once, and open it."""
        if self._ended:
            return self._end()
        try:
            data = self._sock.recv(size)
        except BlockingIOError:
            self._flush()
            raise
        if not data:
            return b""
        plain = self._open(data)
        if not plain and not self._ended:
            self._flush()  # TLS itself may have something to send (a new handshake)
            raise ssl.SSLWantReadError("no whole record has come")
        if self._outgoing.pending or self._unsent:
            with contextlib.suppress(OSError):
                self._flush()
        return plain or self._end()

    def _end(self) -> bytes:
        """Tell how it ended: an error is raised once, then it is an end."""
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        return b""

    def _open(self, ciphertext: bytes) -> bytes:
        """Return the plaintext of all records that are whole by now."""
        records: list[bytes] = []
        view = memoryview(ciphertext)
        try:
            for begin in range(0, len(view) or 1, PIECE):
                self._incoming.write(view[begin : begin + PIECE])
                self._open_into(records)
        except ssl.SSLError as error:
            self._failure, self._ended = error.with_traceback(None), True
        return b"".join(records)

    def _open_into(self, records: list[bytes]) -> None:
        read, append = self._tls.read, records.append
        try:
            # Until it wants more: that costs an exception once for a piece, to ask what
            # is pending would cost a call for each record.
            while not self._ended:
                if record := read(RECORD):
                    append(record)
                else:
                    self._ended = True
        except ssl.SSLWantReadError:
            pass  # the rest of a record is still to come

    def _flush(self) -> None:
        """Send the ciphertext there is, or raise SSLWantWriteError."""
        if self._outgoing.pending:
            self._unsent += self._outgoing.read()
        while self._unsent:
            try:
                sent = self._sock.send(self._unsent)
            except BlockingIOError:
                raise ssl.SSLWantWriteError("the socket takes no more") from None
            self._unsent = self._unsent[sent:]
