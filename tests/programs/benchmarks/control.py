"""The clients' connection to the load server, and a way to start one."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import Any, Iterator

__all__ = ["Control", "Lost", "running_server"]


class Lost(Exception):
    """Raised if the server does not answer in time, or its client has gone."""


class Control:
    """A connection to the load server; each method waits for the answer.

    Times are monotonic seconds of this machine, the same in every process.
    """

    def __init__(self, port: int) -> None:
        self._sock = socket.create_connection(("127.0.0.1", port))
        self._answers = self._sock.makefile()

    def clear(self) -> None:
        """Forget the clients before this one, and their accounts."""
        self._ask(do="clear")

    def clock(self, at: float, speed: float) -> None:
        """Let the exchange's clock go with a client's.

        Args:
            at: seconds since 1970.
            speed: how many times as fast as the real one it goes on.
        """
        self._ask(do="clock", at=at, speed=speed)

    def hold(self, currencies: int) -> None:
        """Let accounts that come from now on hold so many currencies."""
        self._ask(do="hold", currencies=currencies)

    def wait(self, subscribed: int, timeout: float) -> float:
        """Wait for this many subscriptions; return the time of the last."""
        return float(self._ask(timeout, do="wait", subscribed=subscribed)["at"])

    def balances(self) -> dict[str, str]:
        """Return the available balances that the latest client was sent last."""
        return self._ask(do="balances")

    def reads(self) -> int:
        """Return how many REST reads were answered."""
        return int(self._ask(do="reads")["count"])

    def drop(self) -> float:
        """Reset all connections; return the time at which that was done."""
        return float(self._ask(do="drop")["at"])

    def burst(self, frames: int, active: int = 1) -> float:
        """Prepare frames, then send them at once.

        Args:
            frames: how many, of all accounts together.
            active: to so many clients, the latest, one after the other.

        Returns:
            the time of the first.
        """
        return float(self._ask(do="burst", frames=frames, active=active)["at"])

    def round(self, at: float) -> int:
        """Send every client one frame; return to how many.

        Args:
            at: its time by the exchange's clock, seconds since 1970.
        """
        return int(self._ask(do="round", at=at)["sent"])

    def load(self, frames: int, rate: float, active: int = 1) -> float:
        """Begin to send ``rate`` frames a second in all, each with its time.

        Args:
            frames: how many.
            rate: a second, to all clients together.
            active: to so many clients, in turn.

        Returns:
            the time of the first.
        """
        command = {"frames": frames, "rate": rate, "active": active}
        return float(self._ask(do="load", **command)["at"])

    def sent(self) -> float:
        """Return the time at which the load's last frame was sent; 0 before."""
        return float(self._ask(do="sent")["at"])

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
    """Run a load server in its own process; give ``port`` and ``control``."""
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
