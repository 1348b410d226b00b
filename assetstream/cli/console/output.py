"""What a simulator that runs by itself says: for people, or as JSON."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from typing import Mapping, Protocol, TextIO

from assetstream.simulator.account import Account

__all__ = ["Json", "Plain", "Telling"]


class Telling(Protocol):
    """Writes one line for each thing that happens, and flushes it. For one thread."""

    def began(self, url: str, accounts: Mapping[str, Account]) -> None:
        """It listens: address, keys and URLs."""

    def happened(self, exchange: str, what: str) -> None:
        """A client connected, was refused, went."""

    def fault(self, name: str, on: bool) -> None:
        """A fault goes on or off."""

    def answer(self, text: str, good: bool) -> None:
        """A typed line was followed, or could not be."""

    def ended(self) -> None:
        """It has stopped."""


class Plain:
    """For people."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def began(self, url: str, accounts: Mapping[str, Account]) -> None:
        """Address, lines to paste into a shell, and what else there is to know."""
        self._say(f"A simulated Upbit and CoinW listen on {url}")
        self._say("The keys are fake: they work here and nowhere else.\n")
        for account in accounts.values():
            for name, value in account.environment().items():
                self._say(assignment(name, value))
            self._say("")
        self._say("Paste them into another terminal, and there try")
        self._say("  assetstream watch upbit coinw --region sg\n")
        self._say("Type `help` for what can be switched here; Ctrl-C stops it.")

    def happened(self, exchange: str, what: str) -> None:
        """``12:00:00  upbit  connected``."""
        self._say(f"{datetime.now():%H:%M:%S}  {exchange}  {what}")

    def fault(self, name: str, on: bool) -> None:
        """``fault on: silent_drop``."""
        self._say(f"fault {'on' if on else 'off'}: {name}")

    def answer(self, text: str, good: bool) -> None:
        """The answer itself."""
        self._say(text)

    def ended(self) -> None:
        """``stopped``."""
        self._say("stopped")

    def _say(self, line: str) -> None:
        print(line, file=self._out, flush=True)


class Json:
    """For programs: objects, whose ``kind`` says what each one is."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def began(self, url: str, accounts: Mapping[str, Account]) -> None:
        """The first object: the environment of each exchange's client."""
        environments = {name: a.environment() for name, a in accounts.items()}
        self._say("began", url=url, environment=environments)

    def happened(self, exchange: str, what: str) -> None:
        """At an exchange."""
        self._say("event", exchange=exchange, what=what)

    def fault(self, name: str, on: bool) -> None:
        """By its name."""
        self._say("fault", name=name, on=on)

    def answer(self, text: str, good: bool) -> None:
        """To a line that was typed."""
        self._say("answer", good=good, text=text)

    def ended(self) -> None:
        """The last object."""
        self._say("ended")

    def _say(self, kind: str, **fields: object) -> None:
        moment = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        time = moment.replace("+00:00", "Z")
        line = json.dumps({"kind": kind, **fields, "time": time})
        print(line, file=self._out, flush=True)


def assignment(name: str, value: str) -> str:
    """A line that sets a variable: for PowerShell on Windows, for sh elsewhere."""
    if os.name == "nt":
        return f'$env:{name} = "{value}"'
    return f"export {name}={value}"
