"""One interpreter that has imported the command line, forked for each program.

What a test starts is then a process with signals, pipes and an exit code of its own,
but one that costs no start of an interpreter and no import. The server has one thread
and no socket but that of its requests: its forks inherit no lock that stays taken.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import os
import pickle
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from typing import Any, Mapping, Sequence

__all__ = ["ForkedProcess"]

ROOT = Path(__file__).resolve().parents[2]
#: Bytes of a number: of a process, and how it ended.
NUMBER = 8


class ForkedProcess:
    """A program in a fork of the server, with the methods of ``subprocess.Popen``.

    Args:
        arguments: of an interpreter: a script, ``-m`` and a module, or ``-c`` and code;
            then the program's own.
        files: descriptors of its standard input, output and errors.
        environment: all its variables.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        files: Sequence[int],
        environment: Mapping[str, str],
    ) -> None:
        # The server's end is closed with the process: a wait for the code never hangs.
        self._status, theirs = socket.socketpair()
        with theirs:
            server().send([*files, theirs.fileno()], (arguments, dict(environment)))
        self.pid = self._receive()
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code; None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0.0)
        return None

    def wait(self, timeout: float) -> int:
        """Return the exit code, or raise ``subprocess.TimeoutExpired``."""
        if self.returncode is None:
            self._status.settimeout(timeout)
            try:
                self.returncode = self._receive()
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired(str(self.pid), timeout) from None
            self._status.close()
        return self.returncode

    def _receive(self) -> int:
        number = self._status.recv(NUMBER)
        assert len(number) == NUMBER, "the server has ended"
        return int.from_bytes(number, "big", signed=True)

    def send_signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):  # it ends just now
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


class ForkServer:
    """The server's process, which lives until this one ends."""

    def __init__(self) -> None:
        self._requests, theirs = socket.socketpair()
        self._lock = threading.Lock()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__],
                # Both, for what Python knows of them has to be true of pipes as well.
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                cwd=ROOT,
                env={
                    **os.environ,
                    "PYTHONUNBUFFERED": "1",
                    "PYTHONIOENCODING": "utf-8",
                },
            )
        atexit.register(self._end)

    def send(self, files: Sequence[int], request: tuple[Any, ...]) -> None:
        """Hand over descriptors and a request."""
        with self._lock, self._requests.makefile("wb") as stream:
            socket.send_fds(self._requests, [b"+"], files)
            pickle.dump(request, stream)

    def _end(self) -> None:
        self._requests.close()
        self._process.wait()


#: The server of this process, started by the first that asks for it.
server = cache(ForkServer)


def become_program(requests: socket.socket) -> list[str]:
    """Fork at each request; return its arguments, in the process that runs them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is for pytest
    # Unbuffered, not to take the first byte of the next request.
    with requests.makefile("rb", buffering=0) as stream:
        while True:
            byte, files, _, _ = socket.recv_fds(requests, 1, 4)
            if not byte:
                wait_for_children()
                sys.exit()
            arguments, environment = pickle.load(stream)
            if os.fork() == 0:
                break
            for file in files:
                os.close(file)
            wait_for_children(os.WNOHANG)
    requests.close()
    *standard, status = files
    program = os.fork()
    if program:  # here is its parent, which tells how it ends
        tell(status, program)
        for file in standard:
            os.close(file)
        tell(status, os.waitstatus_to_exitcode(os.waitpid(program, 0)[1]))
        os._exit(0)
    os.close(status)
    for number, file in enumerate(standard):
        os.dup2(file, number)
        os.close(file)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environment)
    return list(arguments)


def tell(status: int, number: int) -> None:
    os.write(status, number.to_bytes(NUMBER, "big", signed=True))


def wait_for_children(options: int = 0) -> None:
    """Collect those that have ended, or wait for all of them."""
    try:
        while os.waitpid(-1, options)[0]:
            pass
    except ChildProcessError:
        pass


def preload() -> None:
    """Import what programs need."""
    for room in ("cli", "recording", "simulator"):
        path = importlib.import_module(f"assetstream.{room}").__path__
        for module in pkgutil.walk_packages(path, f"assetstream.{room}."):
            # Not what runs, nor ``cli.main``, which takes the name of the entry point.
            if module.name.rpartition(".")[2] not in ("__main__", "main"):
                importlib.import_module(module.name)


def run(arguments: list[str]) -> None:
    """Run a program as an interpreter with these arguments does."""
    sys.argv[:] = arguments
    if arguments[0] == "-c":
        exec(sys.argv.pop(1), {"__name__": "__main__"})
        return
    if arguments[0] == "-m":
        runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
        return
    sys.path[0] = os.path.dirname(os.path.abspath(arguments[0]))
    runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    preload()
    gc.collect()
    gc.freeze()
    # Called from here: the program ends with the interpreter, however that ends.
    run(become_program(socket.socket(fileno=os.dup(0))))
