"""Programs that tests run as users do: by an interpreter of their own."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Mapping, Sequence

from tests.support.event_recorder import PATIENCE

__all__ = ["ROOT", "Program", "clean_environment"]

ROOT = Path(__file__).resolve().parents[2]


class Program:
    """A Python program, which the end of the ``with`` block kills if it still runs.

    Args:
        arguments: of the interpreter.
        environment: variables beside those of ``clean_environment``.
    """

    def __init__(
        self, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> None:
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            # A child inherits the ignored signal, and our Ctrl-C would not reach it.
            signal.signal(signal.SIGINT, signal.default_int_handler)
        self.out: list[str] = []
        self.err: list[str] = []
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            cwd=ROOT,
            env={**clean_environment(), **(environment or {})},
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._readers = [
            threading.Thread(target=self._read, args=(self._process.stdout, self.out)),
            threading.Thread(target=self._read, args=(self._process.stderr, self.err)),
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

    def _read(self, pipe: IO[str], lines: list[str]) -> None:
        with pipe:
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


def clean_environment(drop: Sequence[str] = ("UPBIT_", "COINW_")) -> dict[str, str]:
    """Return our environment without keys, and with unbuffered output."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(tuple(drop))}
    return {**kept, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
