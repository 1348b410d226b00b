"""The clients' way to command the load server, and to start one."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import Any, Iterator

__all__ = ["Control", "Lost", "running_server"]


class Lost(Exception):
    """The server did not answer in time, or its client has gone."""


class Control:
    """A line to the load server; each method waits for the answer.

    Times are monotonic seconds of this machine, the same in every process.
    """

    def __init__(self, port: int) -> None:
        self._sock = socket.create_connection(("127.0.0.1", port))
        self._answers = self._sock.makefile()

    def clear(self) -> None:
        """Forget the clients before this one."""
        self._ask(do="clear")

    def wait(self, subscribed: int, timeout: float) -> float:
        """Wait until so many clients are subscribed; when the last one was."""
        return float(self._ask(timeout, do="wait", subscribed=subscribed)["at"])

    def balances(self) -> dict[str, str]:
        """The available balances that were sent last."""
        return self._ask(do="balances")

    def drop(self) -> float:
        """Reset all connections, and greet who returns with a frame; the time of it."""
        return float(self._ask(do="drop")["at"])

    def burst(self, frames: int) -> float:
        """Prepare frames, then send them at once; when the sending began."""
        return float(self._ask(do="burst", frames=frames)["at"])

    def load(self, frames: int, rate: float) -> float:
        """Send ``rate`` frames a second, stamped with the time; when it begins."""
        return float(self._ask(do="load", frames=frames, rate=rate)["at"])

    def close(self) -> None:
        """Hang up."""
        self._answers.close()
        self._sock.close()

    def _ask(self, timeout: float = 60.0, **command: Any) -> dict[str, Any]:
        self._sock.settimeout(timeout)
        self._sock.sendall(json.dumps(command).encode())
        try:
            line = self._answers.readline()
        except TimeoutError:
            raise Lost(f"no answer to {command} within {timeout:g} s") from None
        if not line:
            raise Lost("the load server has ended")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise Lost(answer["error"])
        return answer


@contextmanager
def running_server(
    dialect: str, *, certificate: str | None = None, binary: bool = False
) -> Iterator[dict[str, int]]:
    """A load server in a process of its own; its ports, ``port`` and ``control``."""
    options = {"dialect": dialect, "certificate": certificate, "binary": binary}
    command = [
        sys.executable,
        "-m",
        "tests.programs.benchmarks.server",
        json.dumps(options),
    ]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()
            process.wait(10)
