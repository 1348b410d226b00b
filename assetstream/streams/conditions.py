"""Waits for the balances to be as they should be, in the caller's own thread."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Callable, Mapping, Sequence

from assetstream.display.balances import is_held
from assetstream.display.words import held, named
from assetstream.model.balances import Balances
from assetstream.model.events import Balance
from assetstream.model.states import State
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.waits import Deadline
from assetstream.runtime.stream_run import StreamRun
from assetstream.streams.updates import Subscriber, answer

if TYPE_CHECKING:
    from assetstream.runtime.engine import StreamEngine

__all__ = ["Condition", "verify", "wait_until"]

Condition = Callable[[Mapping[str, Balance]], object]

#: Balances that an error names.
MOST_NAMED = 5


def wait_until(run: StreamRun, condition: Condition, timeout: float | None) -> Balances:
    """Wait until ``condition`` holds, and return the balances that met it."""
    engine, deadline = run.started(), Deadline(timeout)
    balances = Balances({})
    missing = ""

    def met() -> bool:
        nonlocal balances, missing
        if engine.state is not State.LIVE:
            return False
        balances, missing = Balances(engine.present.balances.copy()), ""
        try:
            return bool(answer("condition", condition(balances)))
        except KeyError as error:  # A currency that is not held: not yet.
            missing = f"{error}"
            return False

    def detail() -> str:
        if missing:
            return f"the condition raised KeyError: {missing}, which is not held (yet)"
        words = [
            f"{code} {held(each.available, each.locked)}"
            for code, each in sorted(engine.present.balances.copy().items())
            if is_held(each)
        ]
        return f"it held {named(words, MOST_NAMED)}" if words else "it held nothing"

    what = "the balances to meet the condition"
    with closing(Subscriber(run)) as subscriber:
        subscriber.until_met(met, timeout, deadline, what, detail)
    return balances


def verify(
    runs: Sequence[StreamRun], timeout: float | None, turns: float = 0.0
) -> None:
    """Have balances compared with REST, and wait until all that may be were judged.

    A connection that is made anew for what was found is waited for as well.

    Args:
        runs: whose.
        timeout: seconds for all.
        turns: seconds on top, that they wait for each other.

    Raises as ``Subscriber.until_live``.
    """
    deadline, asked = Deadline(timeout, turns), clock.now()
    for run in runs:
        run.lifecycle.refuse_in_callback("verify()")
        run.started().verify()
    what = "REST to be compared with the balances"
    for run in runs:
        judged = partial(_judged, run.started(), asked)
        with closing(Subscriber(run)) as subscriber:
            subscriber.until_met(judged, timeout, deadline, what)


def _judged(engine: StreamEngine, asked: float) -> bool:
    return engine.state is State.LIVE and engine.present.audited_at >= asked
