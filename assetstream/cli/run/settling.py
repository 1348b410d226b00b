"""How many accounts have come as far as they will at the start."""

from __future__ import annotations

from assetstream.model.states import State

__all__ = ["Settling"]


class Settling:
    """Counts accounts that were LIVE once or have failed.

    Args:
        total: how many accounts there are.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        #: Accounts that have failed.
        self.failed: set[str] = set()
        self._lived: set[str] = set()

    def note(self, account: str, state: State) -> bool:
        """It is in this state; True if that settles the last account."""
        before = self.done
        if state is State.LIVE:
            self._lived.add(account)
        elif state is State.FAILED:
            self.failed.add(account)
        return before < self.total == self.done

    @property
    def done(self) -> int:
        """How many are settled: they were LIVE, or will never be."""
        return len(self._lived | self.failed)

    @property
    def over(self) -> bool:
        """All are."""
        return self.done == self.total

    @property
    def outcome(self) -> str:
        """What has become of them, in words."""
        return f"{len(self._lived - self.failed)} of {self.total} LIVE{self._losses}"

    @property
    def _losses(self) -> str:
        return f", {len(self.failed)} failed" if self.failed else ""

    def __str__(self) -> str:
        return f"{self.done} of {self.total}{self._losses}"
