"""Faults of the upgrade: no answer, a slow one, another status, a wrong key."""

from __future__ import annotations

import re
import threading
from functools import partial
from typing import Iterable, Mapping

from assetstream.runtime.loop import clock
from assetstream.simulator.account import Account
from assetstream.simulator.catalogue.common import FaultEntry, FixedReply, ForAccount
from assetstream.simulator.catalogue.parameters import interval, url
from assetstream.simulator.faults import Fault
from assetstream.simulator.messages import Reply, Request

__all__ = ["FAULTS", "HTML", "UpgradeReply", "html"]

HTML = b"<html><body><h1>503 Service Unavailable</h1></body></html>"
#: The key of RFC 6455's own example: right for no client that draws its key.
WRONG_KEY = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def html(status: int, retry_after: float | None = None) -> Reply:
    """Make the reply of a proxy in front of the exchange."""
    headers = {"Content-Type": "text/html"}
    if retry_after is not None:
        headers["Retry-After"] = f"{retry_after:g}"
    return Reply(status, HTML if status == 503 else b"", headers)


class HoldUpgrades(ForAccount):
    """Takes the upgrade and keeps the client waiting."""

    def upgrade(self, request: Request) -> Reply | None:
        """Wait for the end, then hang up."""
        if self._strikes_request(request):
            self._over.wait()
            raise ConnectionAbortedError
        return None


class Tarpit(Fault):
    """Accepts clients, and never sends them a byte."""

    def __init__(self, account: None = None) -> None:
        self._over = threading.Event()

    def accepted(self) -> None:
        """Wait for the end, then hang up."""
        self._over.wait()
        raise ConnectionAbortedError

    def ended(self) -> None:
        """Release the threads that are held up."""
        self._over.set()


class ByteByByte(ForAccount):
    """Sends the 101 one byte at a time."""

    def __init__(self, account: Account | None = None, *, pause: float = 0.005) -> None:
        super().__init__(account)
        self._pause = pause

    def head(self, request: Request, head: bytes) -> Iterable[bytes]:
        """Send byte after byte, with pauses until the fault ends."""
        if not self._strikes_request(request):
            yield head
            return
        for byte in head:
            yield bytes([byte])
            self._over.wait(clock.real_seconds(self._pause))


class WrongKey(ForAccount):
    """Accepts the upgrade with a wrong Sec-WebSocket-Accept."""

    def head(self, request: Request, head: bytes) -> Iterable[bytes]:
        """Send the head with the key replaced."""
        if self._strikes_request(request):
            pattern = rb"(?i)(sec-websocket-accept: )[^\r\n]*"
            head = re.sub(pattern, rb"\g<1>" + WRONG_KEY, head)
        yield head


class UpgradeReply(FixedReply):
    """Answers upgrades with one reply."""

    def upgrade(self, request: Request) -> Reply | None:
        """Return the reply."""
        return self._answer(request)


class Status(UpgradeReply):
    """Answers upgrades by a status of HTTP."""

    def __init__(
        self,
        account: Account | None = None,
        *,
        status: int,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(account, reply=html(status, retry_after))


class Redirect(UpgradeReply):
    """Sends upgrades to another host, which must not see any credentials."""

    def __init__(
        self,
        account: Account | None = None,
        *,
        location: str = "wss://elsewhere.invalid/",
    ) -> None:
        super().__init__(account, reply=Reply(302, b"", {"Location": location}))


FAULTS: Mapping[str, FaultEntry] = {
    "handshake_tls_unanswered": FaultEntry(
        "TCP accepts; from the first byte on nothing is answered, be it TLS, REST or "
        "upgrade; then hung up",
        Tarpit,
        scoped=False,
    ),
    "handshake_unanswered": FaultEntry(
        "the upgrade is accepted by TCP and never answered; at the end it is hung up",
        HoldUpgrades,
    ),
    "handshake_byte_by_byte": FaultEntry(
        "the 101 comes one byte every pause=0.005 seconds",
        ByteByByte,
        parameters={"pause": interval},
    ),
    "handshake_wrong_key": FaultEntry(
        "the 101 has a wrong Sec-WebSocket-Accept; the connection stays open", WrongKey
    ),
    **{
        f"upgrade_{status}": FaultEntry(
            f"upgrades are answered by {status}, not in the exchange's own words",
            partial(Status, status=status),
        )
        for status in (401, 403, 418, 500)
    },
    **{
        f"upgrade_{status}": FaultEntry(
            f"upgrades are answered by {status}{words}, with Retry-After: "
            "retry_after=1 seconds",
            partial(Status, status=status, retry_after=1),
            parameters={"retry_after": interval},
        )
        for status, words in ((429, ""), (503, " and a page of HTML"))
    },
    "upgrade_redirect": FaultEntry(
        "upgrades are sent by 302 to another host, location=wss://elsewhere.invalid/",
        Redirect,
        parameters={"location": url},
    ),
}
