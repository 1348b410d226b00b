"""Measures the time to read a push of each exchange, beside msgspec's typed decode.

::

    python -m tests.programs.benchmarks.decode

The pushes are the simulated exchange's: each names one currency, in every second one
nothing is locked. They come by the read, as in a burst, or one by one. msgspec decodes
the same frames into the fields that the adapter reads, with amounts as ``Decimal``, and
checks none of them; the adapter makes a balance of each. Both take turns in each round:
microseconds of CPU a push, and the ratio with its spread over the rounds.
"""

from __future__ import annotations

import statistics
import time
from decimal import Decimal
from typing import Callable, Sequence

import msgspec
from msgspec import Struct

from assetstream.simulator import Simulator
from assetstream.simulator.ledger import LedgerChange, LedgerEntry
from tests.support.specs import SPECS, START_MS, at, proved, reported

__all__ = ["Row", "measure", "pushes"]

CURRENCIES = ("BTC", "ETH", "USDT")
PUSHES = 2_000
READ = 50
ROUNDS = 25


class Row(Struct):
    """One exchange.

    Attributes:
        exchange: its name.
        alone: microseconds a push that msgspec takes.
        read: those of the adapter, of a read of many.
        ratios: of the two, one a round.
        single: those of the adapter, one by one.
    """

    exchange: str
    alone: float
    read: float
    ratios: list[float]
    single: float


def pushes(exchange: str, count: int = PUSHES) -> list[bytes]:
    """Make frames of changes of three balances, with 8 places each."""
    account = Simulator().open(exchange)
    frames: list[bytes] = []
    for number in range(count):
        amount = Decimal(40_97464214 + number * 7_919) / 10**8
        locked = amount / 4 if number % 2 else Decimal(0)
        currency = CURRENCIES[number % len(CURRENCIES)]
        entry = LedgerEntry(currency, amount, locked.quantize(amount), number)
        change = LedgerChange("fill", START_MS + number * 37, (entry,))
        frames += [message.payload for message in account.encode(change, "")]
    return frames


def measure(exchange: str, *, count: int = PUSHES, rounds: int = ROUNDS) -> Row:
    """Measure one exchange.

    Raises:
        AssertionError: a push was not read.
    """
    spec = SPECS[exchange]
    frames = pushes(exchange, count)
    reads = [frames[begin : begin + READ] for begin in range(0, len(frames), READ)]
    decode = msgspec.json.Decoder(spec.typed).decode
    conversation, instant = proved(spec), at(1.0)
    read = [
        r for batch in reads for r in reported(conversation.received(batch, instant))
    ]
    assert len(read) == count, f"{exchange}: {len(read)} of {count} pushes were read"

    def alone(batch: Sequence[bytes]) -> object:
        return [decode(frame) for frame in batch]

    def ours(batch: Sequence[bytes]) -> object:
        return conversation.received(batch, instant)

    singles = [[frame] for frame in frames]
    times = [
        (took(alone, reads), took(ours, reads), took(ours, singles))
        for _ in range(rounds)
    ]
    best = [min(column) / count * 1e6 for column in zip(*times, strict=True)]
    ratios = [of_ours / of_msgspec for of_msgspec, of_ours, _ in times]
    return Row(exchange, best[0], best[1], ratios, best[2])


def took(
    way: Callable[[Sequence[bytes]], object], batches: Sequence[Sequence[bytes]]
) -> float:
    """Return the seconds of CPU that all batches take."""
    began = time.process_time()
    for batch in batches:
        way(batch)
    return time.process_time() - began


def main() -> None:
    """Print a row for each exchange."""
    print("| exchange | msgspec alone, µs | assetstream, µs | ratio | one by one, µs |")
    print("|---|---|---|---|---|")
    for exchange in SPECS:
        row = measure(exchange)
        middle, least, most = (f(row.ratios) for f in (statistics.median, min, max))
        print(
            f"| {exchange} | {row.alone:.2f} | {row.read:.2f} | "
            f"{middle:.2f} ({least:.2f} to {most:.2f}) | {row.single:.2f} |"
        )


if __name__ == "__main__":
    main()
