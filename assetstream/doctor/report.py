"""The doctor's results, as data and as lines for people.

This module needs the standard library only: it has to report broken libraries.
"""

from __future__ import annotations

import enum
import textwrap
from dataclasses import dataclass
from typing import Iterable, Iterator, Sequence, overload

from assetstream.display.words import lasting
from assetstream.model.public import make_public

__all__ = ["TIMEOUT", "Check", "Diagnosis", "Verdict", "lines", "worst"]

#: Seconds for all steps together: enough for a network that is slow but good.
TIMEOUT = 45.0
WIDTH = 100
#: The least width of the texts beside the names, in characters.
MARGIN = 20
#: The time of shorter steps is left out; seconds.
SHORTEST_SHOWN = 0.001


class Verdict(str, enum.Enum):
    """The result of one step of the doctor.

    Attributes:
        GREEN: as it should be.
        YELLOW: it works, but it is, or may become, a hindrance.
        RED: this has to be mended.
        SKIPPED: not checked; the finding says why.
    """

    GREEN = "GREEN"
    YELLOW = "YELLOW"
    RED = "RED"
    SKIPPED = "SKIPPED"

    def __str__(self) -> str:
        return self.value


#: From the best to the worst; a skipped check does not count.
SEVERITY = (Verdict.SKIPPED, Verdict.GREEN, Verdict.YELLOW, Verdict.RED)


@dataclass(frozen=True)
class Check:
    """One step of the doctor. None of its texts shows any part of a key.

    Attributes:
        name: the subject of the check: "TLS", "clock", ...; a step that two hosts need
            is there for each of them.
        verdict: the result.
        finding: what was found; of a skipped step, why it was skipped.
        remedies: what to do, the likeliest remedy first, one sentence each; () if there
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
    """Return the worst verdict; a skipped check does not count."""
    verdicts = (check.verdict for check in checks)
    return max(verdicts, key=SEVERITY.index, default=Verdict.GREEN)


def lines(check: Check, width: int | None = None) -> Iterator[str]:
    """Yield a check's lines in a report: verdict, name, finding, then the remedies.

    ``width``: the most characters in a line; None for no limit.
    """
    begin = f"  {check.verdict.value:<8} {check.name:<13} "
    finding = f"{check.finding}{_took(check)}"
    yield from _wrapped(finding, begin, len(begin), width)
    for remedy in check.remedies:
        arrow = " " * len(begin) + "-> "
        yield from _wrapped(remedy, arrow, len(arrow), width)


def _took(check: Check) -> str:
    """Return the time that a step took, if it is long enough to show."""
    if check.seconds < SHORTEST_SHOWN:
        return ""
    return f" ({lasting(check.seconds)})"


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


make_public(Check, Diagnosis, Verdict)
