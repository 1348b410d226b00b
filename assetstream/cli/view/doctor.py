"""The doctor's checks on a terminal, in a pipe, and for programs.

Imports neither click nor the SDK: it reports on libraries that cannot be imported.
"""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import asdict
from typing import IO, TYPE_CHECKING, ContextManager, Sequence

from assetstream.doctor.libraries import CLASHING, OTHERS, machine_checks
from assetstream.doctor.report import Check, Verdict, lines, worst

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "EXIT_CODES",
    "JsonReport",
    "PlainReport",
    "TerminalReport",
    "is_broken",
    "machine_only",
    "needed_modules",
]

#: 2 is wrong usage, for every command.
EXIT_CODES = {Verdict.GREEN: 0, Verdict.SKIPPED: 0, Verdict.YELLOW: 3, Verdict.RED: 1}

#: What a verdict comes to, at the end.
SUMS = {
    Verdict.GREEN: "nothing is in the way of a live stream",
    Verdict.YELLOW: "it works; what is yellow may be in the way one day",
    Verdict.RED: "begin with the first red step ({first}): others may follow from it",
}
#: Verdict -> its look on a page.
LOOKS = {
    Verdict.GREEN: "good",
    Verdict.YELLOW: "warn",
    Verdict.RED: "bad",
    Verdict.SKIPPED: "dim",
}


class PlainReport:
    """Shows checks as they are known: in lines without colours and of any length."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out

    def begin(self, exchange: str, account: str) -> None:
        """The checks that follow are this account's; or, without exchange, nobody's."""
        self._write(heading(exchange, account))

    def working(self, step: str) -> None:
        """A step begins; its own line will tell."""

    def show(self, check: Check) -> None:
        """A step is done."""
        for line in lines(check):
            self._write(line)

    def end(self, checks: Sequence[Check]) -> None:
        """These were all checks of the account, and those of this machine."""
        self._write(f"  {summary(checks)}")

    def waiting(self) -> ContextManager[object]:
        """Show that work goes on, inside the block."""
        return nullcontext()

    def _write(self, line: str) -> None:
        self._out.write(line + "\n")
        self._out.flush()


class JsonReport(PlainReport):
    """An object a line, of the kind "check" or "diagnosis"."""

    _exchange = _account = ""

    def begin(self, exchange: str, account: str) -> None:
        self._exchange, self._account = exchange, account

    def show(self, check: Check) -> None:
        self._write_object("check", asdict(check))

    def end(self, checks: Sequence[Check]) -> None:
        self._write_object("diagnosis", {"verdict": worst(checks)})

    def _write_object(self, kind: str, fields: dict[str, object]) -> None:
        # The checks of this machine are no account's.
        whose = {"exchange": self._exchange, "account": self._account}
        if not self._exchange:
            whose = dict.fromkeys(whose)  # type: ignore[assignment]
        self._write(json.dumps({"kind": kind, **whose, **fields}))


class TerminalReport(PlainReport):
    """Lines in colours as wide as the terminal, and a spinner beneath."""

    def __init__(self, console: Console) -> None:
        super().__init__(console.file)
        self._console = console
        self._status = console.status("")
        self._whose = ""

    def begin(self, exchange: str, account: str) -> None:
        self._whose = account
        self._console.print(
            heading(exchange, account), style="bold", markup=False, highlight=False
        )

    def working(self, step: str) -> None:
        from rich.text import Text  # a label may hold brackets, which rich would read

        self._status.update(Text(f"{self._whose}: {step} ..."))

    def show(self, check: Check) -> None:
        for number, line in enumerate(lines(check, self._console.width)):
            self._print(line, check.verdict, first=number == 0)

    def end(self, checks: Sequence[Check]) -> None:
        verdict = worst(checks)
        self._print(f"  {summary(checks)}", verdict, first=True)
        self._console.print()

    def waiting(self) -> ContextManager[object]:
        return self._status

    def _print(self, line: str, verdict: Verdict, *, first: bool) -> None:
        from rich.text import Text

        from assetstream.cli.view.styles import STYLES

        style = STYLES[LOOKS[verdict]]
        skipped = verdict is Verdict.SKIPPED
        text = Text(line, style=style if skipped else "")
        if first and not skipped:
            text.stylize(f"bold {style}", 2, 2 + len(verdict.value))
        self._console.print(text, soft_wrap=True)


def heading(exchange: str, account: str) -> str:
    """Say what the checks that follow are about."""
    if not exchange:
        return account
    where = f" at {exchange}" if account != exchange else ""
    return f"{account}{where} (read only)"


def summary(checks: Sequence[Check]) -> str:
    """Say in one line what the checks come to."""
    verdict = worst(checks)
    first = next((check.name for check in checks if check.verdict is verdict), "")
    return f"{verdict}: {SUMS[verdict].format(first=first)}"


def needed_modules() -> set[str]:
    """Return the modules without which the SDK cannot be imported."""
    return {needed.module for needed in CLASHING} | {module for module, _ in OTHERS}


def is_broken() -> bool:
    """Return True if a library is red."""
    return worst(machine_checks()) is Verdict.RED


def machine_only(out: IO[str], *, as_json: bool) -> int:
    """Show what can be said though the SDK cannot be imported; return the exit code."""
    report = JsonReport(out) if as_json else PlainReport(out)
    checks = list(machine_checks())
    report.begin("", "this machine")
    for check in checks:
        report.show(check)
    report.end(checks)
    return EXIT_CODES[worst(checks)]
