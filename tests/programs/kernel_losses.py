"""Requests and interrupts that Jupyter's Python kernel loses.

``python -m tests.programs.kernel_losses --runs 50``. Nothing of assetstream takes part:
a run is a fresh kernel with cells that compute nothing, and ends at the first loss. The
exit code is 1 if the kernel loses anything in the ways that the tests use it.
"""

from __future__ import annotations

import argparse
import platform
import signal
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any, Callable

import zmq
from jupyter_client.connect import write_connection_file
from jupyter_client.session import Session

from tests.support.event_recorder import PATIENCE

SLEEPING = "print('sleeping')\nwhile True: time.sleep(0.01)"


class Lost(Exception):
    """The kernel did not do in time what it was asked to do."""


class Client:
    """A kernel and the client that started it, for a ``with`` block."""

    def __init__(self, directory: Path) -> None:
        file, found = write_connection_file(str(directory / "kernel.json"))
        facts: dict[str, Any] = {**found}
        self._session = Session(key=facts["key"].encode())
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ipykernel_launcher", "-f", file],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._context = zmq.Context()
        self._shell: Any = self._context.socket(zmq.DEALER)
        self._shell.connect(f"tcp://127.0.0.1:{facts['shell_port']}")
        self._iopub: Any = self._context.socket(zmq.SUB)
        self._iopub.subscribe(b"")
        self._iopub.connect(f"tcp://127.0.0.1:{facts['iopub_port']}")

    def __enter__(self) -> Client:
        while not self._iopub.poll(100):
            self.request("kernel_info_request")
            self.wait_for_reply()
        self.execute("import time")
        self.wait_for_reply()
        self.wait_for_idle()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._context.destroy(linger=0)

    def request(self, kind: str, **content: object) -> None:
        sent = self._session.send(self._shell, kind, content)
        assert sent is not None
        self._requested = sent["header"]["msg_id"]

    def execute(self, code: str) -> None:
        self.request("execute_request", code=code, silent=False)

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)

    def wait_for_reply(self) -> None:
        """Wait for the reply to the last request."""
        self._wait_for(self._shell, lambda _: True)

    def wait_for_idle(self) -> None:
        """Wait until the kernel publishes that the last request is done."""
        self.wait_for(lambda m: m["content"].get("execution_state") == "idle")

    def wait_for(self, wanted: Callable[[Any], bool]) -> None:
        """Wait until the kernel publishes such a message for the last request."""
        self._wait_for(self._iopub, wanted)

    def _wait_for(self, socket: Any, wanted: Callable[[Any], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if socket.poll(100):
                _, message = self._session.recv(socket)
                assert message is not None
                ours = message["parent_header"].get("msg_id") == self._requested
                if ours and wanted(message):
                    return
        raise Lost


def next_after_idle(client: Client) -> None:
    """The next cell is sent when the last one is published as done."""
    client.execute("1")
    client.wait_for_idle()


def next_after_reply(client: Client) -> None:
    """The next cell is sent when the reply to the last one is there, too."""
    client.execute("1")
    client.wait_for_idle()
    client.wait_for_reply()


def interrupted_at_echo(client: Client) -> None:
    """The interrupt is sent when the kernel publishes the code that it begins."""
    _interrupt_at(client, "execute_input")


def interrupted_at_output(client: Client) -> None:
    """The interrupt is sent when the cell has printed something."""
    _interrupt_at(client, "stream")


def _interrupt_at(client: Client, kind: str) -> None:
    client.execute(SLEEPING)
    client.wait_for(lambda message: message["msg_type"] == kind)
    client.interrupt()
    client.wait_for_idle()
    client.wait_for_reply()
    # What an error aborts is over when this is.
    client.request("kernel_info_request")
    client.wait_for_idle()
    client.wait_for_reply()


def count(way: Callable[[Client], None], runs: int, cells: int) -> int:
    """Use kernels in this way, print the figures, and return the number of losses."""
    done = losses = 0
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as name, Client(Path(name)) as client:
            try:
                for _ in range(cells):
                    way(client)
                    done += 1
            except Lost:
                losses += 1
    title = way.__name__.replace("_", " ")
    print(f"{title:24}{runs:6}{done:8}{losses:18}", flush=True)
    return losses


def main() -> None:
    """Count the losses of four ways to use a kernel, a line each."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.programs.kernel_losses",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=int, default=20, help="kernels of each kind")
    parser.add_argument("--cells", type=int, default=300, help="in each kernel")
    options = parser.parse_args()
    packages = ("ipykernel", "ipython", "pyzmq", "jupyter_client")
    print(
        f"Python {platform.python_version()},",
        ", ".join(f"{package} {version(package)}" for package in packages),
    )
    print(f"{'':24}{'runs':>6}{'cells':>8}{'runs with a loss':>18}")
    interrupts = options.cells // 10
    count(next_after_idle, options.runs, options.cells)
    count(interrupted_at_echo, options.runs, interrupts)
    # The tests use kernels in these two ways.
    losses = count(next_after_reply, options.runs, options.cells)
    losses += count(interrupted_at_output, options.runs, interrupts)
    if losses:
        raise SystemExit("lost although used with care")


if __name__ == "__main__":
    main()
