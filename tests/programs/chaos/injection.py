"""Injection of one to three faults, each until it was met and a moment longer."""

from __future__ import annotations

import random
import time
from contextlib import ExitStack
from typing import Sequence

from assetstream.runtime.loop import clock
from assetstream.simulator import Simulator
from assetstream.simulator.catalogue import create
from assetstream.simulator.trader import Trader
from tests.programs.chaos.fault_effects import SILENCES, EffectCounter
from tests.programs.chaos.figures import Figures
from tests.programs.chaos.kinds import CONNECTING, READING, parameters
from tests.programs.chaos.ledger_check import (
    LOOK,
    CheckedAccount,
    note_live_without_data,
)

__all__ = ["inject"]

#: Not met within this, seconds, a fault is given up.
MET_BOUND = 120.0
#: Seconds between drops of connections, while a fault needs a new one to be met.
DROP_AGAIN = 20.0
#: The same while another fault needs a silence to be noticed.
DROP_AGAIN_LATER = 60.0
NEVER = float("inf")
#: Operations a real second, of all accounts; and of each at the least.
RATES = (30.0, 150.0, 600.0)
LEAST_RATE = 2.0
#: While these are on, nothing at all comes.
NO_DATA = ("silent_drop", "half_frame")


class Trade:
    """Lively trade on accounts, which can pause."""

    def __init__(
        self, checked_accounts: Sequence[CheckedAccount], rng: random.Random
    ) -> None:
        self._subjects = checked_accounts
        self._rng = rng
        self._rate = max(rng.choice(RATES) / len(checked_accounts), LEAST_RATE)
        self._traders: list[Trader] = []

    def set_trading(self, wanted: bool) -> None:
        """Trade, or pause."""
        if wanted and not self._traders:
            self._traders = [
                s.account.trade(self._rate, self._rng.random()).start()
                for s in self._subjects
            ]
        elif not wanted:
            for trader in self._traders:
                trader.stop()
            self._traders = []

    def __enter__(self) -> Trade:
        self.set_trading(True)
        return self

    def __exit__(self, *exc: object) -> None:
        self.set_trading(False)


class ActiveFault:
    """One fault that is switched on."""

    def __init__(
        self,
        name: str,
        simulator: Simulator,
        checked_accounts: Sequence[CheckedAccount],
        rng: random.Random,
    ) -> None:
        self.name = name
        self.drawn = parameters(name, rng)
        fault = create(name, **self.drawn)
        self._counter = EffectCounter(
            name, fault, [s.listener.error_texts for s in checked_accounts]
        )
        self._linger = rng.random() * rng.choice([0.0, 6.0, 6.0, 20.0])
        self._met_at: float | None = None
        # An audit's read may come first.
        patience = rng.choice([0.0, 0.0, 30.0]) if name in READING else 0.0
        self.drop_at = NEVER
        self.switch = simulator.faults.add(fault)
        if name in CONNECTING | READING:
            self.drop_at = clock.now() + patience

    @property
    def met(self) -> bool:
        """True if the fault was met while it was on."""
        return self._met_at is not None

    def over(self, now: float) -> bool:
        """Return whether the fault was met, and has lasted for a moment since."""
        if self._met_at is None and self._counter.met:
            self._met_at = now
        return self._met_at is not None and now >= self._met_at + self._linger

    def __str__(self) -> str:
        return f"{self.name}{self.drawn or ''}"


def inject(
    rng: random.Random,
    simulator: Simulator,
    checked_accounts: Sequence[CheckedAccount],
    kinds: Sequence[str],
    figures: Figures,
) -> str:
    """Inject one to three faults during lively trade; return their names.

    Each is switched off on its own: one that refuses connections hides others.
    """
    names = rng.sample(kinds, min(rng.choice([1, 1, 1, 2, 3]), len(kinds)))
    exchange = checked_accounts[0].account.name
    with Trade(checked_accounts, rng) as trade, ExitStack() as stack:
        faults: list[ActiveFault] = []
        for name in names:
            if name in SILENCES and rng.random() < 0.7:
                # Else an audit may find, long before L1, that nothing is pushed (A5).
                trade.set_trading(False)
            fault = ActiveFault(name, simulator, checked_accounts, rng)
            stack.enter_context(fault.switch)
            faults.append(fault)
            time.sleep(clock.real_seconds(rng.random()))
        wait_until_met(simulator, faults, trade)
        for fault in faults:
            if fault.name in NO_DATA and not fault.met:
                note_live_without_data(checked_accounts, figures, fault.name)
    for fault in faults:
        figures.injected[exchange, fault.name] += 1
        figures.met[exchange, fault.name] += fault.met
    return " + ".join(map(str, faults))


def wait_until_met(
    simulator: Simulator, faults: Sequence[ActiveFault], trade: Trade
) -> None:
    """Let time and connections pass until each fault was met; switch it off."""
    deadline = clock.now() + MET_BOUND
    on = list(faults)
    while on and (now := clock.now()) < deadline:
        for fault in tuple(on):
            if fault.over(now):
                fault.switch.off()
                on.remove(fault)
        unmet = [fault for fault in on if not fault.met]
        # Any frame proves life, and a cut looks like an ordinary end.
        silence = any(fault.name in SILENCES for fault in unmet)
        trade.set_trading(not silence)
        if now >= min((s.drop_at for s in unmet), default=now + 1):
            # Open connections are dropped; the next ones meet the other faults.
            simulator.drop_connections()
            for fault in (s for s in unmet if s.drop_at < NEVER):
                fault.drop_at = now + (DROP_AGAIN_LATER if silence else DROP_AGAIN)
        time.sleep(LOOK)
