"""The pure rooms, and a guard under which their tests run."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import threading
from typing import Any, Iterator

import pytest

__all__ = ["PURE", "PURE_MODULES", "ImpureError", "only_computing"]

#: Rooms that decide: time passes and data comes from outside.
PURE = {"core", "display", "exchanges", "model", "protocol"}
#: Modules of other rooms that decide, and what they need.
PURE_MODULES = {
    "sharing/address",
    "sharing/copybook",
    "sharing/entries",
    "sharing/keys",
    "sharing/ownership",
    "sharing/pulses",
    "sharing/read_plan",
    "sharing/relay_machine",
    "sharing/rights",
    "sharing/word",
}

#: Ways out of computing: to a socket, a thread or a process.
WAYS_OUT: tuple[tuple[Any, str], ...] = (
    (socket.socket, "__init__"),
    (threading.Thread, "start"),
    (subprocess.Popen, "__init__"),
    (os, "fork"),
    (os, "posix_spawn"),
    (os, "system"),
)


class ImpureError(Exception):
    """A pure test went another way than computing."""


@contextlib.contextmanager
def only_computing() -> Iterator[list[str]]:
    """Refuse sockets, threads and processes, and fail at the end if one was asked for.

    Yields the names of what was: an error may be caught where it should not be.
    """
    tried: list[str] = []

    def refuse(name: str) -> Any:
        def refused(*args: object, **options: object) -> None:
            tried.append(name)
            raise ImpureError(name)

        return refused

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in WAYS_OUT:
            whole = f"{owner.__name__}.{name}"
            patch.setattr(owner, name, refuse(whole), raising=False)
        yield tried
    if tried:
        raise ImpureError(", ".join(tried))
