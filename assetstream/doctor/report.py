"""What the doctor finds, as data and as a report for people.

Imports nothing but the standard library: it has to tell of libraries that are broken.
"""

from __future__ import annotations

import enum
import textwrap
from dataclasses import dataclass
from typing import Iterable, Iterator, Sequence, overload

__all__ = ["TIMEOUT", "Check", "Diagnosis", "Verdict", "lines", "worst"]

#: What all steps together may take, seconds: enough for those that are slow and good.
TIMEOUT = 45.0
WIDTH = 100
#: The least room for a text beside the names, in characters.
MARGIN = 20
#: Shorter steps took no time, as people see it; seconds.
WORTH_A_WORD = 0.001


class Verdict(str, enum.Enum):
    """How a step of the doctor went.

    Attributes:
        GREEN: as it should be.
        YELLOW: it works, but something will be in the way, or may be.
        RED: this has to be mended.
        SKIPPED: not looked at; the finding says why.
    """

    GREEN = "GREEN"
    YELLOW = "YELLOW"
    RED = "RED"
    SKIPPED = "SKIPPED"

    def __str__(self) -> str:
        return self.value


#: From the best to the worst; what was skipped counts for nothing.
SEVERITY = (Verdict.SKIPPED, Verdict.GREEN, Verdict.YELLOW, Verdict.RED)


@dataclass(frozen=True)
class Check:
    """One step of the doctor. None of its texts shows any part of a key.

    Attributes:
        name: what was looked at: "TLS", "clock", ...; a step that two hosts need is
            there for each of them.
        verdict: how it went.
        finding: what was found; of a skipped step, why it was skipped.
        remedies: what to do, the likeliest remedy first, a sentence each; none if there
            is nothing to do.
        seconds: how long it took, in seconds.
    """

    name: str
    verdict: Verdict
    finding: str
    remedies: tuple[str, ...] = ()
    seconds: float = 0.0


class Diagnosis(Sequence[Check]):
    """The doctor's report of one account: its checks, in order. Print it to read it.

    Attributes:
        exchange: name of the exchange.
        account: label of the account.

    Args:
        checks: in the order in which they were made.
    """

    exchange: str
    account: str

    def __init__(self, exchange: str, account: str, checks: Iterable[Check]) -> None:
        self.exchange = exchange
        self.account = account
        self._checks = tuple(checks)

    @property
    def verdict(self) -> Verdict:
        """The worst of the checks' verdicts."""
        return worst(self._checks)

    @overload
    def __getitem__(self, index: int) -> Check: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Check]: ...

    def __getitem__(self, index: int | slice) -> Check | Sequence[Check]:
        return self._checks[index]

    def __len__(self) -> int:
        return len(self._checks)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Diagnosis):
            return NotImplemented
        return vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.exchange, self.account, self._checks))

    def __repr__(self) -> str:
        head = f"Diagnosis of {self.account}: {self.verdict}"
        body = [line for check in self._checks for line in lines(check, WIDTH)]
        return "\n".join([head, *body])


def worst(checks: Iterable[Check]) -> Verdict:
    """Return the worst verdict; what was skipped counts for nothing."""
    verdicts = (check.verdict for check in checks)
    return max(verdicts, key=SEVERITY.index, default=Verdict.GREEN)


def lines(check: Check, width: int | None = None) -> Iterator[str]:
    """Yield a check's lines in a report: verdict, name, finding, then the remedies.

    ``width``: the most characters in a line; None: as many as it takes.
    """
    begin = f"  {check.verdict.value:<8} {check.name:<13} "
    finding = f"{check.finding}{_took(check)}"
    yield from _wrapped(finding, begin, len(begin), width)
    for remedy in check.remedies:
        arrow = " " * len(begin) + "-> "
        yield from _wrapped(remedy, arrow, len(arrow), width)


def _took(check: Check) -> str:
    """How long a step took, if that is worth a word."""
    if check.seconds < WORTH_A_WORD:
        return ""
    if check.seconds < 1.0:
        return f" ({check.seconds * 1000:.0f} ms)"
    return f" ({check.seconds:.1f} s)"


def _wrapped(text: str, first: str, indent: int, width: int | None) -> list[str]:
    if width is None:
        return [first + text]
    return textwrap.wrap(
        text,
        max(width, indent + MARGIN),
        initial_indent=first,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
