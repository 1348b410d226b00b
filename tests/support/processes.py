"""Programs that tests run as users do: in a process of their own."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from types import TracebackType
from typing import Mapping, Sequence

from tests.support.event_recorder import PATIENCE
from tests.support.fork_server import ROOT, ForkedProcess

__all__ = ["ROOT", "Program", "clean_environment", "start_python"]


class Program:
    """A Python program, which the end of the ``with`` block kills if it still runs.

    Args:
        arguments: of the interpreter.
        environment: variables beside those of ``clean_environment``.
        stdin: a descriptor to read from, closed here, in place of nothing.
        stdout: a descriptor to write to, closed here, in place of a pipe to read.
        fresh: in an interpreter that has imported nothing yet, not in a fork of one
            that has imported the command line.
    """

    def __init__(
        self,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        stdin: int | None = None,
        stdout: int | None = None,
        fresh: bool = False,
    ) -> None:
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            # A child inherits the ignored signal, and our Ctrl-C would not reach it.
            signal.signal(signal.SIGINT, signal.default_int_handler)
        self.out: list[str] = []
        self.err: list[str] = []
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        if stdin is None:
            stdin = os.open(os.devnull, os.O_RDONLY)
        err, stderr = os.pipe()
        pipes = [(err, self.err)]
        if stdout is None:
            out, stdout = os.pipe()
            pipes.append((out, self.out))
        self._process = start_python(
            arguments,
            [stdin, stdout, stderr],
            {**clean_environment(), **(environment or {})},
            fresh=fresh,
        )
        self._readers = [
            threading.Thread(target=self._read, args=pipe) for pipe in pipes
        ]
        for reader in self._readers:
            reader.start()

    def wait_for(self, text: str) -> str:
        """Return the next line, of either pipe, that contains ``text``."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            assert line is not None, f"no {text!r} in\n{self.output}"
            if text in line:
                return line

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def terminate(self) -> None:
        """Ask it to end, as a service manager does."""
        self._process.send_signal(signal.SIGTERM)

    def ended(self, within: float) -> bool:
        """Wait for the end, so many seconds; return whether it has come."""
        try:
            self._process.wait(within)
        except subprocess.TimeoutExpired:
            return False
        return True

    def finish(self) -> int:
        """Wait for the end; return the exit code."""
        code = self._process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        return code

    @property
    def output(self) -> str:
        """Everything on stdout and stderr, also for messages of failed tests."""
        return "\n".join([*self.out, *self.err])

    def _read(self, reader: int, lines: list[str]) -> None:
        with open(reader, encoding="utf-8") as pipe:
            for line in pipe:
                lines.append(line.rstrip("\n"))
                self._lines.put(lines[-1])
        self._lines.put(None) if lines is self.out else None

    def __enter__(self) -> Program:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self.finish()


def start_python(
    arguments: Sequence[str],
    files: Sequence[int],
    environment: Mapping[str, str],
    *,
    fresh: bool = False,
) -> ForkedProcess | subprocess.Popen[bytes]:
    """Start a program on its standard input, output and errors; close them here."""
    try:
        if not fresh and hasattr(os, "fork"):
            return ForkedProcess(arguments, files, environment)
        stdin, stdout, stderr = files
        command = [sys.executable, *arguments]
        return subprocess.Popen(
            command,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            cwd=ROOT,
            env=environment,
        )
    finally:
        for file in set(files):
            os.close(file)


def clean_environment(drop: Sequence[str] = ("UPBIT_", "COINW_")) -> dict[str, str]:
    """Return our environment without keys, and with unbuffered output."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(tuple(drop))}
    return {**kept, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
