"""Conversations answer any frames in any phase with steps and exact amounts."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Sequence

from assetstream.exchanges import EXCHANGES
from assetstream.exchanges.common.values import LAST_MILLISECOND
from assetstream.model.errors import ProtocolError
from assetstream.protocol import (
    NEVER,
    Alive,
    BalanceReport,
    Fail,
    Memory,
    Ready,
    Renew,
    Report,
    Reread,
    Send,
    Step,
    Warn,
)
from tests.programs.fuzz.wire import check_amounts, check_error, loads
from tests.support.specs import SPECS, at, opened

__all__ = [
    "FORMATS",
    "PHASES",
    "READERS",
    "check_batches",
    "check_frames",
    "check_report",
]

#: The longest list of forms that an exchange's frames may have.
FORMATS = range(4)
#: The number of sample acknowledgements that come first.
PHASES = (0, 1, 2)
#: Warnings of one frame: each keeps a frame and reaches the user.
MOST_WARNINGS = 24
#: What is to be known of an exchange's frames: ``tests/exchanges/NAME/fuzz.py``.
READERS: dict[str, Any] = {
    name: import_module(f"tests.exchanges.{name}.fuzz") for name in EXCHANGES
}


def check_report(report: BalanceReport, decoded: Any, name: str) -> None:
    """Check that a report's amounts are those on the wire.

    Where an exchange's are computed, its reader computes them, too.
    """
    getattr(READERS[name], "check_amounts", check_amounts)(report, decoded)


def check_frames(name: str, format: int, acks: int, frames: Sequence[bytes]) -> None:
    """Give a conversation one frame a read; check each answer."""
    spec = SPECS[name]
    exchange = READERS[name].make(format)
    memory: Memory = {}
    conversation = opened(exchange, memory)
    proved = any(
        isinstance(step, Ready)
        for ack in spec.acks[:acks]
        for step in conversation.received([ack], at(0.1))
    )
    check_batches(name, format, acks, frames)
    over = False
    for now, frame in enumerate(frames, 1):
        steps = conversation.received([frame], at(float(now)))
        assert not (over and steps), "it speaks after a failure"
        proved = _check_order(steps, proved, READERS[name].early and not acks)
        for step in steps:
            _check_step(step, name, frame)
        over = over or any(isinstance(step, Fail) for step in steps)
        assert (conversation.deadline == NEVER) is over
        if not over:
            _check_doubt(frame, steps, name)
        READERS[name].check_ways(frame, format)
    assert len(memory) <= 2
    check_error(conversation.closed(1006, "\ud800 \x00"), name)


def check_batches(name: str, format: int, acks: int, frames: Sequence[bytes]) -> None:
    """Check that a read of many frames reports the same as many reads of one."""
    half = len(frames) // 2
    one_by_one, *others = (
        _results(name, format, acks, batches)
        for batches in (
            [[frame] for frame in frames],
            [frames],
            [frames[:half], [], frames[half:]],
        )
    )
    for results in others:
        assert results == one_by_one, "a batch says something else than its frames"


def _results(
    name: str, format: int, acks: int, batches: Sequence[Sequence[bytes]]
) -> list[Any]:
    """Return the conversation's results after the frames, and its later state."""
    spec = SPECS[name]
    exchange = READERS[name].make(format)
    memory: Memory = {}
    conversation = opened(exchange, memory)
    conversation.received(spec.acks[:acks], at(0.1))
    results: list[Any] = []
    for batch in batches:
        for step in conversation.received(batch, at(1.0)):
            if isinstance(step, Report):
                # Reports may be joined, and empty ones do not matter.
                results += step.balances
            elif isinstance(step, (Warn, Fail)):
                results.append((type(step), type(step.error), vars(step.error)))
            else:
                results.append(step)
    closed = conversation.closed(1000, "")
    return [*results, conversation.deadline, memory, type(closed), str(closed)]


def _check_order(steps: Sequence[Step], proved: bool, early: bool) -> bool:
    """Check R1: Ready once, before any report. Return whether Ready came."""
    for index, step in enumerate(steps):
        if isinstance(step, Ready):
            assert not proved, "ready twice"
            proved = True
        known = proved or early
        assert known or not isinstance(step, Report), "reported before it is proved"
        assert not isinstance(step, Fail) or index == len(steps) - 1
    assert len([step for step in steps if isinstance(step, Warn)]) <= MOST_WARNINGS
    return proved


def _check_step(step: Step, name: str, frame: bytes) -> None:
    if isinstance(step, Report):
        assert 0 < len(step.balances) <= len(frame)
        decoded = loads(frame)
        for report in step.balances[:20]:
            check_report(report, decoded, name)
            assert report.currency == report.currency.upper()
        for report in step.balances:
            assert report.raw is frame, "copies of a frame add up"
            if report.key is not None:
                assert 0 <= report.key[0] <= LAST_MILLISECOND
                assert report.key[1] >= 0
    elif isinstance(step, (Warn, Fail)):
        check_error(step.error, name)
        assert isinstance(step, Fail) or not step.error.fatal
        if isinstance(step.error, ProtocolError) and b"***" not in step.error.frame:
            assert step.error.frame == frame
    else:
        assert isinstance(step, (Ready, Renew, Reread, Send, Alive))


def _check_doubt(frame: bytes, steps: Sequence[Step], name: str) -> None:
    """Check K5: each unreadable frame warns, and no pushed currency is lost."""
    doubts = [
        step.error.currency
        for step in steps
        if isinstance(step, Warn) and isinstance(step.error, ProtocolError)
    ]
    if None in doubts:
        return
    try:
        decoded = loads(frame)
    except ValueError:
        raise AssertionError("what is no JSON passed in silence") from None
    except RecursionError:
        return
    known = {b.currency for s in steps if isinstance(s, Report) for b in s.balances}
    for code in READERS[name].pushed(decoded):
        assert isinstance(code, str), "an asset without a currency passed in silence"
        assert code.upper() in known | set(doubts), f"{code} was lost"
