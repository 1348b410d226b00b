"""Faults that are switched on and off by a clock or by hand."""

from __future__ import annotations

from itertools import count
from typing import Callable, Mapping

from assetstream.cli.console.fault_spec import FaultSpec
from assetstream.simulator.account import Account
from assetstream.simulator.simulator import Simulator
from assetstream.simulator.switch import Switch
from assetstream.simulator.timers import Timers

__all__ = ["Schedule"]


class Schedule:
    """Switches faults on and off in their time, all in the caller's thread.

    Args:
        simulator: the exchange that misbehaves.
        accounts: the account that ``exchange=NAME`` means, by that name.
        changed: called with a fault's name, and True as it goes on, False as it goes
            off.
    """

    def __init__(
        self,
        simulator: Simulator,
        accounts: Mapping[str, Account],
        changed: Callable[[str, bool], object],
    ) -> None:
        self._simulator = simulator
        self._accounts = accounts
        self._changed = changed
        self._timers = Timers()
        self._numbers = count()
        self._on: dict[int, tuple[str, Switch]] = {}

    @property
    def on(self) -> list[str]:
        """Names of the faults that are on, in the order in which they began."""
        return [name for name, _ in self._on.values()]

    def add(self, spec: FaultSpec, now: float) -> None:
        """Plan a fault; its times count from ``now``, in monotonic seconds."""
        number = next(self._numbers)
        self._timers.add(now + spec.begins, lambda: self._switch_on(number, spec))
        if spec.lasts is not None:
            ends = now + spec.begins + spec.lasts
            self._timers.add(ends, lambda: self._switch_off(number))

    def run(self, now: float) -> None:
        """Switch what is due."""
        self._timers.run(now)

    def wait(self, now: float) -> float | None:
        """Seconds until the next switch; None: no switch is planned."""
        return self._timers.wait(now)

    def off(self, name: str) -> bool:
        """Switch every fault of that name off; False if no such fault was on."""
        numbers = [number for number, (each, _) in self._on.items() if each == name]
        for number in numbers:
            self._switch_off(number)
        return bool(numbers)

    def _switch_on(self, number: int, spec: FaultSpec) -> None:
        account = self._accounts[spec.exchange] if spec.exchange else None
        switch = self._simulator.fault(spec.name, account, **spec.parameters)
        self._on[number] = spec.name, switch
        self._changed(spec.name, True)

    def _switch_off(self, number: int) -> None:
        # The user may have switched it off by hand before its time.
        if number in self._on:
            name, switch = self._on.pop(number)
            switch.off()
            self._changed(name, False)
