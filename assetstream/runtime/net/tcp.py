"""Connect to a host of several addresses: the first that answers is used (L6)."""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import socket
from typing import Any, Iterable

from assetstream.model.errors import ConnectionLost
from assetstream.runtime.loop import clock
from assetstream.runtime.net.cancel import CancelScope, explain
from assetstream.runtime.net.lookup import Address

__all__ = ["connect_any"]

#: Seconds after which the next address is tried as well (RFC 8305, section 5).
NEXT_AFTER = 0.25
#: Addresses that are remembered because they worked.
MOST_REMEMBERED = 64

#: connect_ex() of a non-blocking socket: under way (the latter two on Windows).
UNDER_WAY = (
    errno.EINPROGRESS,
    errno.EWOULDBLOCK,
    getattr(errno, "WSAEWOULDBLOCK", errno.EWOULDBLOCK),
)

#: Seconds before the first probe, between probes, and how many may be lost.
KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}

PHASE = "connecting"

#: The addresses that worked, the last of them at the end; each use is one atomic step.
_worked: dict[Any, None] = {}


def connect_any(addresses: list[Address], scope: CancelScope) -> socket.socket:
    """Connect to one address after the other, until one answers.

    The one that worked last is the first. The others do not wait until it has failed,
    but for a moment only: of two network paths, one that swallows everything costs
    nearly nothing.

    As ``dial``, of which it is the second step.
    """
    left = _in_order(addresses)
    failure: ConnectionLost | None = None
    with contextlib.ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        selector.register(scope.token, selectors.EVENT_READ)
        trying: dict[socket.socket, Address] = {}
        stack.callback(_close, trying)
        next_at = clock.now()
        while left or trying:
            if left and (not trying or clock.now() >= next_at):
                address = left.pop(0)
                next_at = clock.now() + NEXT_AFTER
                try:
                    sock = _begin(address, scope)
                except ConnectionLost as error:
                    failure = error
                    continue
                trying[sock] = address
                selector.register(sock, selectors.EVENT_WRITE)
            wait = next_at - clock.now() if left else scope.left
            for sock in scope.select(selector, PHASE, wait):
                if not isinstance(sock, socket.socket):
                    continue
                address = trying.pop(sock)
                selector.unregister(sock)
                code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if not code:
                    _remember(address)
                    return sock
                sock.close()
                failure = _unreachable(scope, os.strerror(code))
                next_at = clock.now()
    raise failure or scope.lost("has no address")


def _in_order(addresses: list[Address]) -> list[Address]:
    """Put the address that worked last in front; the others keep the system's order."""
    worked = tuple(_worked)
    known = [each for each in addresses if each.sockaddr in worked]
    best = max(known, key=lambda each: worked.index(each.sockaddr), default=None)
    others = [each for each in addresses if each is not best]
    return others if best is None else [best, *others]


def _close(socks: Iterable[socket.socket]) -> None:
    for sock in socks:
        sock.close()


def _remember(address: Address) -> None:
    _worked.pop(address.sockaddr, None)
    _worked[address.sockaddr] = None
    for sockaddr in tuple(_worked)[:-MOST_REMEMBERED]:
        _worked.pop(sockaddr, None)


def _begin(address: Address, scope: CancelScope) -> socket.socket:
    """Return a socket that is connecting, or has connected already."""
    try:
        sock = socket.socket(address.family, socket.SOCK_STREAM)
    except OSError as error:  # this system has no IPv6, for one
        raise _unreachable(scope, explain(error)) from None
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in KEEPALIVE.items():
            if hasattr(socket, name):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        code = sock.connect_ex(address.sockaddr)
        if code and code not in UNDER_WAY:
            raise _unreachable(scope, os.strerror(code))
    except BaseException:
        sock.close()
        raise
    return sock


def _unreachable(scope: CancelScope, why: str) -> ConnectionLost:
    return scope.lost(f"cannot be reached ({why})")
