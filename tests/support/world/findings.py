"""Findings, and the trace that led to each."""

from __future__ import annotations

from typing import NamedTuple

from tests.support.world.timeline import Timeline

__all__ = ["Finding", "Findings"]


class Finding(NamedTuple):
    """A promise that was broken.

    Attributes:
        kind: which; one word.
        at: when; monotonic seconds.
        text: how.
    """

    kind: str
    at: float
    text: str

    def __str__(self) -> str:
        return f"{self.at - 1000:.3f} {self.kind}: {self.text}"


class Findings(list[Finding]):
    """The findings of one account, each kind once, with a trace to read.

    Args:
        timeline: the clock.
        traced: what happens is noted; it takes time.
    """

    def __init__(self, timeline: Timeline, *, traced: bool) -> None:
        super().__init__()
        self._timeline = timeline
        self._notes: list[tuple[float, tuple[object, ...]]] = []
        self.traced = traced
        #: The note of the first finding.
        self.first = 0

    def add(self, kind: str, text: str) -> None:
        """Note a finding."""
        if all(kind != finding.kind for finding in self):
            self.append(Finding(kind, self._timeline.now, text))
            self.note("FOUND", kind, text)
            self.first = self.first or len(self._notes)

    def note(self, *words: object) -> None:
        """Note what happens."""
        if self.traced:
            self._notes.append((self._timeline.now, words))

    def trace(self) -> list[str]:
        """Return the notes as lines."""
        return [
            f"{when - 1000:10.3f} " + " ".join(map(_brief, words))
            for when, words in self._notes
        ]


def _brief(word: object) -> str:
    """Write a word of a note: of a named tuple what is unusual; nothing at length."""
    usual = getattr(word, "_field_defaults", None)
    if usual is None or not isinstance(word, tuple):
        return str(word)[:300]
    fields = zip(type(word).__annotations__, word, strict=True)
    unusual = [f"{k}={v}" for k, v in fields if k not in usual or usual[k] != v]
    return f"{type(word).__name__}({', '.join(unusual)})"
