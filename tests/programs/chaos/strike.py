"""One strike: one to three faults, each on until it was met and a moment longer."""

from __future__ import annotations

import random
import time
from contextlib import ExitStack
from typing import Sequence

from assetstream.simulator import Simulator
from assetstream.simulator.catalogue import create
from assetstream.simulator.trader import Trader
from tests.programs.chaos.figures import Figures
from tests.programs.chaos.judge import Subject, deaf_and_live
from tests.programs.chaos.kinds import CONNECTING, READING, parameters
from tests.programs.chaos.witness import SILENCES, Witness

__all__ = ["strike"]

#: Not met within this, seconds of fast time, a fault is given up.
MET_BOUND = 6.0
#: From one cut to the next, while a fault waits for a new connection.
CUT_AGAIN = 1.0
#: The same while another waits for a silence to be noticed.
CUT_AGAIN_LATER = 3.0
NEVER = float("inf")
#: Operations a second, of all accounts; and of each at the least.
RATES = (30.0, 150.0, 600.0)
LEAST_RATE = 2.0
#: While these are on, nothing at all comes.
DEAF = ("silent_drop", "half_frame")


class Trade:
    """Lively trade on accounts, which can pause."""

    def __init__(self, subjects: Sequence[Subject], rng: random.Random) -> None:
        self._subjects = subjects
        self._rng = rng
        self._rate = max(rng.choice(RATES) / len(subjects), LEAST_RATE)
        self._traders: list[Trader] = []

    def go_on(self, wanted: bool) -> None:
        """Trade, or do not."""
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
        self.go_on(True)
        return self

    def __exit__(self, *exc: object) -> None:
        self.go_on(False)


class Stroke:
    """One fault that is on."""

    def __init__(
        self,
        name: str,
        simulator: Simulator,
        subjects: Sequence[Subject],
        rng: random.Random,
    ) -> None:
        self.name = name
        self.drawn = parameters(name, rng)
        fault = create(name, **self.drawn)
        self._witness = Witness(name, fault, [s.listener.told_errors for s in subjects])
        self._linger = rng.random() * rng.choice([0.0, 0.3, 0.3, 1.0])
        self._met_at: float | None = None
        # An audit's read may come first.
        patience = rng.choice([0.0, 0.0, 1.5]) if name in READING else 0.0
        self.cut_at = NEVER
        self.switch = simulator.faults.add(fault)
        if name in CONNECTING | READING:
            self.cut_at = time.monotonic() + patience

    @property
    def met(self) -> bool:
        """Whether it was met while it was on."""
        return self._met_at is not None

    def over(self, now: float) -> bool:
        """Whether it was met, and has lasted for a moment since."""
        if self._met_at is None and self._witness.met:
            self._met_at = now
        return self._met_at is not None and now >= self._met_at + self._linger

    def __str__(self) -> str:
        return f"{self.name}{self.drawn or ''}"


def strike(
    rng: random.Random,
    simulator: Simulator,
    subjects: Sequence[Subject],
    kinds: Sequence[str],
    figures: Figures,
) -> str:
    """Let one to three faults be met, during lively trade; say which they were.

    Each is switched off on its own: one that refuses connections hides others.
    """
    names = rng.sample(kinds, min(rng.choice([1, 1, 1, 2, 3]), len(kinds)))
    exchange = subjects[0].account.name
    with Trade(subjects, rng) as trade, ExitStack() as stack:
        strokes: list[Stroke] = []
        for name in names:
            if name in SILENCES and rng.random() < 0.7:
                # Else an audit may find, long before L1, that nothing is pushed (A5).
                trade.go_on(False)
            stroke = Stroke(name, simulator, subjects, rng)
            stack.enter_context(stroke.switch)
            strokes.append(stroke)
            time.sleep(rng.random() * 0.05)
        wait_until_met(simulator, strokes, trade)
        for stroke in strokes:
            if stroke.name in DEAF and not stroke.met:
                deaf_and_live(subjects, figures, stroke.name)
    for stroke in strokes:
        figures.struck[exchange, stroke.name] += 1
        figures.met[exchange, stroke.name] += stroke.met
    return " + ".join(map(str, strokes))


def wait_until_met(
    simulator: Simulator, strokes: Sequence[Stroke], trade: Trade
) -> None:
    """Let time and connections pass until each fault was met, and end it."""
    deadline = time.monotonic() + MET_BOUND
    on = list(strokes)
    while on and (now := time.monotonic()) < deadline:
        for stroke in tuple(on):
            if stroke.over(now):
                stroke.switch.off()
                on.remove(stroke)
        unmet = [stroke for stroke in on if not stroke.met]
        # Any frame proves life, and a cut looks like an ordinary end.
        silence = any(stroke.name in SILENCES for stroke in unmet)
        trade.go_on(not silence)
        if now >= min((s.cut_at for s in unmet), default=now + 1):
            # What is open now is cut; what connects meets the rest.
            simulator.drop_connections()
            for stroke in (s for s in unmet if s.cut_at < NEVER):
                stroke.cut_at = now + (CUT_AGAIN_LATER if silence else CUT_AGAIN)
        time.sleep(0.002)
