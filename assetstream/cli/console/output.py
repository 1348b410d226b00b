"""Lines that ``assetstream simulate`` writes: for people, or as JSON."""

from __future__ import annotations

import json
import os
import shlex
from datetime import datetime
from typing import Mapping, TextIO

from assetstream.cli.view.lines import now
from assetstream.cli.view.output import folded
from assetstream.display.words import listed
from assetstream.simulator.account import Account

__all__ = ["JsonOutput", "PlainOutput"]

#: The region that a simulator plays unless it is told another.
REGION = "sg"


class PlainOutput:
    """Writes and flushes lines for people; for one thread only."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def began(self, url: str, accounts: Mapping[str, Account]) -> None:
        """The simulator listens: write its address, lines for a shell, and hints."""
        exchanges = [account.exchange() for account in accounts.values()]
        titles = listed([exchange.title for exchange in exchanges])
        self._say(f"A simulated {titles} listen on {url}")
        self._say("The keys are fake: they work here and nowhere else.\n")
        for account in accounts.values():
            for name, value in account.environment().items():
                self._write(assignment(name, value))
            self._write("")
        self._say("Paste them into another terminal, and there try")
        names = [x.name for x in exchanges if not x.regions or REGION in x.regions]
        self._write(f"  assetstream watch {' '.join(names)} --region {REGION}\n")
        self._say("Type `help` for what can be switched here; Ctrl-C stops it.")

    def happened(self, exchange: str, what: str) -> None:
        """A client connected, was refused or left."""
        self._say(f"{datetime.now():%H:%M:%S}  {exchange}  {what}")

    def fault(self, name: str, on: bool) -> None:
        """A fault was switched on or off."""
        self._write(f"fault {'on' if on else 'off'}: {name}")

    def answer(self, text: str, good: bool) -> None:
        """Answer a typed line; ``good``: it was carried out."""
        self._say(text)

    def ended(self) -> None:
        """The simulator has stopped."""
        self._write("stopped")

    def _say(self, text: str) -> None:
        self._write(folded(text, self._out, indent=2))

    def _write(self, line: str) -> None:
        print(line, file=self._out, flush=True)


class JsonOutput(PlainOutput):
    """Writes objects for programs, each with its ``kind``."""

    def began(self, url: str, accounts: Mapping[str, Account]) -> None:
        environments = {name: a.environment() for name, a in accounts.items()}
        self._write_object("began", url=url, environment=environments)

    def happened(self, exchange: str, what: str) -> None:
        self._write_object("event", exchange=exchange, what=what)

    def fault(self, name: str, on: bool) -> None:
        self._write_object("fault", name=name, on=on)

    def answer(self, text: str, good: bool) -> None:
        self._write_object("answer", good=good, text=text)

    def ended(self) -> None:
        self._write_object("ended")

    def _write_object(self, kind: str, **fields: object) -> None:
        self._write(json.dumps({"kind": kind, **fields, "time": now()}))


def assignment(name: str, value: str) -> str:
    """Write a line that sets a variable: PowerShell's on Windows, else the shell's."""
    if os.name == "nt":
        # Within double quotes a "$" would begin a variable.
        quoted = value.replace("'", "''")
        return f"$env:{name} = '{quoted}'"
    # For a "!", too, which bash and zsh take for a word of their history.
    return f"export {name}={shlex.quote(value)}"
