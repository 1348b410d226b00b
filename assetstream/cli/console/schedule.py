"""Faults that are switched on and off in their time, or by hand."""

from __future__ import annotations

from itertools import count
from typing import Callable, Mapping

from assetstream.cli.console.fault_spec import Planned
from assetstream.simulator.account import Account
from assetstream.simulator.faults import Switch
from assetstream.simulator.schedule_queue import Timers
from assetstream.simulator.switches import Switches

__all__ = ["Schedule"]


class Schedule:
    """Keeps what is on. Everything is done, and told, in the caller's thread.

    Args:
        exchange: whose faults they are.
        accounts: whom ``exchange=`` means, by exchange.
        tell: called with a fault's name, and True as it goes on, False as it goes off.
    """

    def __init__(
        self,
        exchange: Switches,
        accounts: Mapping[str, Account],
        tell: Callable[[str, bool], object],
    ) -> None:
        self._exchange = exchange
        self._accounts = accounts
        self._tell = tell
        self._timers = Timers()
        self._numbers = count()
        self._on: dict[int, tuple[str, Switch]] = {}

    @property
    def on(self) -> list[str]:
        """The names of what is on, in the order in which it began."""
        return [name for name, _ in self._on.values()]

    def add(self, one: Planned, now: float) -> None:
        """Let it begin and end, counted from ``now``: monotonic seconds."""
        number = next(self._numbers)
        self._timers.add(now + one.begins, lambda: self._switch_on(number, one))
        if one.lasts is not None:
            ends = now + one.begins + one.lasts
            self._timers.add(ends, lambda: self._switch_off(number))

    def run(self, now: float) -> None:
        """Do what is due."""
        self._timers.run(now)

    def wait(self, now: float) -> float | None:
        """Seconds until something is due; None: nothing is."""
        return self._timers.wait(now)

    def off(self, name: str) -> bool:
        """Switch everything of that name off, now; False if nothing was on."""
        numbers = [number for number, (each, _) in self._on.items() if each == name]
        for number in numbers:
            self._switch_off(number)
        return bool(numbers)

    def _switch_on(self, number: int, one: Planned) -> None:
        account = self._accounts[one.exchange] if one.exchange else None
        switch = self._exchange.fault(one.name, account, **one.parameters)
        self._on[number] = one.name, switch
        self._tell(one.name, True)

    def _switch_off(self, number: int) -> None:
        # It may have been switched off by hand before its time.
        if number in self._on:
            name, switch = self._on.pop(number)
            switch.off()
            self._tell(name, False)
