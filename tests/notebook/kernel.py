"""A real kernel in its own process, used as a notebook uses it.

By plain sockets: jupyter_client's own clients run event loops, which no test here may
leave behind.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Mapping

import zmq
from jupyter_client.connect import write_connection_file
from jupyter_client.session import Session

from tests.support.event_recorder import PATIENCE
from tests.support.processes import ROOT, clean_environment

__all__ = ["Kernel", "Message", "text_of"]

Message = Mapping[str, Any]
#: Slices that a wait for an answer is cut into, seconds.
SLICE = 0.1


def text_of(message: Message) -> str:
    """Return the plain text of an output."""
    return str(message["content"].get("data", {}).get("text/plain", ""))


class Kernel:
    """A kernel from ``start()`` to ``end()``.

    Args:
        directory: where its connection file goes.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._context = zmq.Context()

    def start(self) -> None:
        """Start the kernel, and wait until it answers."""
        file, facts = write_connection_file(str(self._directory / "kernel.json"))
        self._session = Session(key=facts["key"].encode())
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ipykernel_launcher", "-f", file],
            cwd=ROOT,
            env=clean_environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._shell = self._connect(zmq.DEALER, facts["shell_port"])
        self._control = self._connect(zmq.DEALER, facts["control_port"])
        self._iopub = self._connect(zmq.SUB, facts["iopub_port"])
        self._iopub.setsockopt(zmq.SUBSCRIBE, b"")
        # The kernel publishes to subscribers only, and subscribing takes a moment.
        deadline = time.monotonic() + PATIENCE
        while not self._iopub.poll(1000 * SLICE):
            assert time.monotonic() < deadline
            self._request("kernel_info_request", {})
            self._wait_for_reply()
        self.run("")

    def run(self, code: str) -> list[Message]:
        """Run a cell to its end; return its outputs, of any thread."""
        self.begin(code)
        return self.finish()

    def begin(self, code: str) -> None:
        """Begin to run a cell."""
        self._request("execute_request", _execution(code))

    def finish(self) -> list[Message]:
        """Wait for the end of the cell that was begun; return its outputs.

        The kernel publishes the end before it sends the reply, and ipykernel 7.0 to 7.3
        may never read a request that comes in between:
        https://github.com/ipython/ipykernel/issues/1554. Python 3.10 has no later
        release. ``python -m tests.programs.kernel_losses`` counts such requests.
        """
        outputs = self.collect(
            lambda message: (
                message["msg_type"] == "status"
                and message["content"]["execution_state"] == "idle"
                and message["parent_header"].get("msg_id") == self._requested
            )
        )[:-1]
        self._wait_for_reply()
        return outputs

    def value(self, code: str) -> str:
        """Return the last value of a cell as text."""
        outputs = self.run(code)
        found = [m for m in outputs if m["msg_type"] == "execute_result"]
        assert found, outputs
        return text_of(found[0])

    def collect(self, last: Callable[[Message], object]) -> list[Message]:
        """Collect outputs up to a message for which ``last`` is true."""
        taken: list[Message] = []
        deadline = time.monotonic() + PATIENCE
        while not taken or not last(taken[-1]):
            assert time.monotonic() < deadline, taken
            if self._iopub.poll(1000 * SLICE):
                _, message = self._session.recv(self._iopub)
                assert message is not None
                taken.append(message)
        return taken

    def interrupt(self) -> None:
        """Interrupt the kernel."""
        self._process.send_signal(signal.SIGINT)

    def restart(self, last: Callable[[Message], object]) -> None:
        """Restart the kernel, and take in what the old one sends up to ``last``."""
        self._session.send(self._control, "shutdown_request", {"restart": True})
        self.collect(last)
        self._process.wait(PATIENCE)
        self._hang_up()
        self.start()

    def end(self) -> None:
        """End the kernel in any state."""
        self._process.kill()
        self._process.wait()
        self._hang_up()
        self._context.term()

    def _request(self, kind: str, content: Mapping[str, object]) -> None:
        sent = self._session.send(self._shell, kind, dict(content))
        assert sent is not None
        self._requested = sent["header"]["msg_id"]

    def _wait_for_reply(self) -> None:
        assert self._shell.poll(1000 * PATIENCE)
        _, reply = self._session.recv(self._shell)
        assert reply is not None
        assert reply["parent_header"]["msg_id"] == self._requested

    def _hang_up(self) -> None:
        for socket in (self._shell, self._control, self._iopub):
            socket.close(linger=0)

    def _connect(self, kind: int, port: int) -> Any:
        socket = self._context.socket(kind)
        socket.connect(f"tcp://127.0.0.1:{port}")
        return socket


def _execution(code: str) -> dict[str, object]:
    return {
        "code": code,
        "silent": False,
        "store_history": True,
        "user_expressions": {},
        "allow_stdin": False,
        "stop_on_error": True,
    }
