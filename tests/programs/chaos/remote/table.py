"""One fault at a time: when readers see it, and when all is well again."""

from __future__ import annotations

import signal
import time
from typing import Callable, Iterable, NamedTuple

from assetstream.runtime.loop import clock
from assetstream.simulator.catalogue import create
from tests.programs.chaos.remote.stage import Stage

__all__ = ["table"]

#: Seconds of peace before each fault.
PEACE = 2.0


class Case(NamedTuple):
    """A fault.

    Attributes:
        name: of its row.
        strike: begins it.
        lasts: seconds until ``undo``.
        undo: ends it.
        durable: the engine keeps what it has when it is killed.
    """

    name: str
    strike: Callable[[Stage], object]
    lasts: float
    undo: Callable[[Stage], object]
    durable: bool = True


def _nothing(stage: Stage) -> None:
    pass


def _owner_to(number: int) -> Callable[[Stage], None]:
    return lambda stage: stage.workers[0].send(number)


def _hold(way: str) -> Callable[[Stage], None]:
    return lambda stage: stage.workers[0].proxy.hold(way)


def _cut_off(stage: Stage) -> None:
    for way in ("up", "down"):
        stage.workers[0].proxy.hold(way)


def _kill_late(stage: Stage) -> None:
    owner = stage.workers[0]
    owner.proxy.hold("up")
    time.sleep(0.5)
    stage.dismiss(owner)


def _let_go(stage: Stage) -> None:
    stage.calm()


def _lag_and_promote(stage: Stage) -> None:
    stage.lag()
    time.sleep(1.0)
    stage.promote()


def _cut_exchange(stage: Stage) -> None:
    with stage.simulator.faults.add(create("tcp_reset")):
        time.sleep(0.2)
    stage.truth.cut()


CASES = (
    Case(
        "owner killed, another stands by",
        lambda s: s.dismiss(s.workers[0]),
        0,
        _nothing,
    ),
    Case(
        "owner ended by SIGTERM, another stands by",
        lambda s: s.dismiss(s.workers[0], signal.SIGTERM),
        0,
        _nothing,
    ),
    Case(
        "owner suspended for 9 s",
        _owner_to(signal.SIGSTOP),
        9,
        _owner_to(signal.SIGCONT),
    ),
    Case("owner cut off for 9 s, its bytes then let go", _cut_off, 9, _let_go),
    Case("owner's bytes held for 2.5 s", _hold("up"), 2.5, _let_go),
    Case("owner killed, its last words 4 s late", _kill_late, 4, _let_go),
    Case("engine suspended for 4 s", lambda s: s.engine.pause(), 4, _let_go),
    Case(
        "engine killed for 1 s, with its file",
        lambda s: s.engine.kill(),
        1,
        lambda s: s.engine.start(),
    ),
    Case(
        "engine killed for 1 s, all lost",
        lambda s: s.engine.kill(),
        1,
        lambda s: s.engine.start(),
        durable=False,
    ),
    Case(
        "engine down for 8 s", lambda s: s.engine.kill(), 8, lambda s: s.engine.start()
    ),
    Case("engine emptied", lambda s: s.engine.do("FLUSHALL"), 0, _nothing),
    Case(
        "a replica promoted that lags by 1 s",
        _lag_and_promote,
        0,
        lambda s: s.catch_up(),
    ),
    Case(
        "reader suspended for 6 s",
        lambda s: s.readers[0].send(signal.SIGSTOP),
        6,
        _let_go,
    ),
    Case(
        "reader's bytes held for 5 s",
        lambda s: s.readers[0].proxy.hold("down"),
        5,
        _let_go,
    ),
    Case("exchange cuts all connections", _cut_exchange, 0, _nothing),
)


def table(engine: str, *, accounts: int, seed: int) -> int:
    """Print the table; return 1 if any reading was wrong or anything was not mended."""
    print(f"{accounts} accounts on {engine}; seconds from the fault, first to last\n")
    print("| what fails | STALE | owned again | LIVE again | oldest | two sockets |")
    print("|---|---|---|---|---|---|")
    wrong = 0
    for case in CASES:
        row, well = _measure(engine, case, accounts, seed)
        print(f"| {case.name} | {row} |", flush=True)
        wrong += not well
    return 1 if wrong else 0


def _measure(engine: str, case: Case, accounts: int, seed: int) -> tuple[str, bool]:
    with Stage(
        engine,
        accounts=accounts,
        workers=1,
        readers=1,
        seed=seed,
        durable=case.durable,
    ) as stage:
        left = stage.wait_until_live()
        stage.hire()
        time.sleep(PEACE)
        before = stage.truth.doubled
        began = clock.now()
        case.strike(stage)
        struck = clock.now()
        time.sleep(max(0.0, began + case.lasts - struck))
        case.undo(stage)
        over = clock.now()
        time.sleep(PEACE)
        stage.truth.rest()
        left += stage.wait_until_live()
        reader = stage.readers[0]
        changes = reader.states(began)
        stale = _firsts((at, who) for at, who, state in changes if state == "STALE")
        live = _lasts((at, who) for at, who, state in changes if state == "LIVE")
        owned = _lasts(
            (at, who)
            for at, who, owner in stage.watch.tokens.changes
            if owner and at > began
        )
        reader.end(signal.SIGTERM)
        found = stage.truth.judge(reader.readings())
        cells = [_span(stale, began), _span(owned, began), _span(live, began)]
        if live and case.lasts:
            cells[-1] += f" ({max(live.values()) - over:+.2f} after its end)"
        doubled = stage.truth.doubled - before
        row = " | ".join([*cells, f"{found.oldest:.2f}", f"{doubled:.1f}"])
        for text in [*left, *found.wrong[:3]]:
            row += f" **{text}**"
        return row, not left and not found.wrong


def _firsts(times: Iterable[tuple[float, str]]) -> dict[str, float]:
    first: dict[str, float] = {}
    for at, account in times:
        first.setdefault(account, at)
    return first


def _lasts(times: Iterable[tuple[float, str]]) -> dict[str, float]:
    return {account: at for at, account in times}


def _span(times: dict[str, float], began: float) -> str:
    if not times:
        return "-"
    least, most = min(times.values()) - began, max(times.values()) - began
    return f"{least:.2f}" if len(times) == 1 else f"{least:.2f} to {most:.2f}"
