"""Lines that ``assetstream simulate`` writes: for people, or as JSON."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from typing import Mapping, Protocol, TextIO

from assetstream.simulator.account import Account

__all__ = ["JsonOutput", "Output", "PlainOutput"]


class Output(Protocol):
    """Writes and flushes a line for each thing that happens; for one thread only."""

    def began(self, url: str, accounts: Mapping[str, Account]) -> None:
        """The simulator listens: write its address, keys and URLs."""

    def happened(self, exchange: str, what: str) -> None:
        """A client connected, was refused or left."""

    def fault(self, name: str, on: bool) -> None:
        """A fault was switched on or off."""

    def answer(self, text: str, good: bool) -> None:
        """Answer a typed line; ``good``: it was carried out."""

    def ended(self) -> None:
        """The simulator has stopped."""


class PlainOutput:
    """Text for people."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def began(self, url: str, accounts: Mapping[str, Account]) -> None:
        """Write the address, lines to paste into a shell, and what to do next."""
        self._write(f"A simulated Upbit and CoinW listen on {url}")
        self._write("The keys are fake: they work here and nowhere else.\n")
        for account in accounts.values():
            for name, value in account.environment().items():
                self._write(assignment(name, value))
            self._write("")
        self._write("Paste them into another terminal, and there try")
        self._write("  assetstream watch upbit coinw --region sg\n")
        self._write("Type `help` for what can be switched here; Ctrl-C stops it.")

    def happened(self, exchange: str, what: str) -> None:
        """Write ``12:00:00  upbit  connected``."""
        self._write(f"{datetime.now():%H:%M:%S}  {exchange}  {what}")

    def fault(self, name: str, on: bool) -> None:
        """Write ``fault on: silent_drop``."""
        self._write(f"fault {'on' if on else 'off'}: {name}")

    def answer(self, text: str, good: bool) -> None:
        """Write the answer itself."""
        self._write(text)

    def ended(self) -> None:
        """Write ``stopped``."""
        self._write("stopped")

    def _write(self, line: str) -> None:
        print(line, file=self._out, flush=True)


class JsonOutput:
    """Objects for programs, each with its ``kind``."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def began(self, url: str, accounts: Mapping[str, Account]) -> None:
        """Write the first object: the environment of each exchange's client."""
        environments = {name: a.environment() for name, a in accounts.items()}
        self._write("began", url=url, environment=environments)

    def happened(self, exchange: str, what: str) -> None:
        """Write an ``event`` of one exchange."""
        self._write("event", exchange=exchange, what=what)

    def fault(self, name: str, on: bool) -> None:
        """Write a ``fault`` by its name."""
        self._write("fault", name=name, on=on)

    def answer(self, text: str, good: bool) -> None:
        """Write the ``answer`` to a typed line."""
        self._write("answer", good=good, text=text)

    def ended(self) -> None:
        """Write the last object, ``ended``."""
        self._write("ended")

    def _write(self, kind: str, **fields: object) -> None:
        moment = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        time = moment.replace("+00:00", "Z")
        line = json.dumps({"kind": kind, **fields, "time": time})
        print(line, file=self._out, flush=True)


def assignment(name: str, value: str) -> str:
    """Write a line that sets a variable: PowerShell's on Windows, else the shell's."""
    if os.name == "nt":
        return f'$env:{name} = "{value}"'
    return f"export {name}={value}"
