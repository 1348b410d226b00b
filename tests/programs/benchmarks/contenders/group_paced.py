"""assetstream's ``StreamGroup``, at the pace that Upbit allows: 5 connects a second."""

from __future__ import annotations

from tests.programs.benchmarks.contenders.group import Client as Group

__all__ = ["Client"]


class Client(Group):
    """One group that keeps to the limits."""

    def __init__(self) -> None:
        super().__init__(paced=True)
