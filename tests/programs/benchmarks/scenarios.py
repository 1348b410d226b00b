"""The scenarios that are measured, and the columns of their tables."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Mapping, NamedTuple

__all__ = ["SCENARIOS", "Column", "Scenario"]


class Column(NamedTuple):
    """One figure of a table; a smaller one is always better."""

    key: str
    title: str


class Scenario(NamedTuple):
    """One table.

    Attributes:
        kind: the function that measures it, in ``measure``, or ``imports``.
        columns: its figures; the first decides, and ratios are of it.
        options: arguments of the function; ``quick``: what differs in a smoke run.
        clients: accounts at once.
        wakes: it is about single frames, so the clients' core is kept awake.
    """

    title: str
    kind: str
    columns: tuple[Column, ...]
    options: Mapping[str, Any] = MappingProxyType({})
    quick: Mapping[str, Any] = MappingProxyType({})
    tls: bool = False
    binary: bool = False
    clients: int = 1
    wakes: bool = False


BURST = (Column("us", "µs per update"), Column("cpu_us", "CPU µs"))
LATENCY = (
    Column("p50", "p50 µs"),
    Column("p99", "p99 µs"),
    Column("p999", "p99.9 µs"),
    Column("cpu_us", "CPU µs per update"),
)
ACCOUNTS = (
    Column("pss_kb", "KB per account"),
    Column("process_mb", "process MB"),
    Column("threads", "threads"),
    Column("files", "files per account"),
    Column("connect_ms", "connect ms each"),
    Column("connect_cpu_ms", "connect CPU ms each"),
    Column("idle_cpu", "idle CPU %"),
)
RECOVERY = (Column("back_ms", "ms from drop to ready"), Column("worst_ms", "worst ms"))
IMPORTS = (
    Column("ms", "ms"),
    Column("rss_mb", "MB"),
    Column("modules", "modules"),
)

#: Frames of a burst; the documentation-style script needs some 5 s for them.
MANY = {"frames": 100_000}
FEW = {"frames": 10_000}


def accounts(count: int) -> Scenario:
    """Make the scenario of that many accounts."""
    return Scenario(
        f"{count} account{'s' * (count > 1)} over TLS, idle",
        "accounts",
        ACCOUNTS,
        {"idle": 10.0},
        {"idle": 1.0},
        tls=True,
        clients=count,
    )


def latency(title: str, frames: int, rate: float, *, busy: bool = False) -> Scenario:
    """Make a scenario of single frames."""
    return Scenario(
        title,
        "latency",
        LATENCY,
        {"frames": frames, "rate": rate, "busy": busy},
        {"frames": max(100, frames // 10)},
        wakes=True,
    )


SCENARIOS = {
    "burst": Scenario("Burst over TCP, text frames", "burst", BURST, MANY, FEW),
    "burst-tls": Scenario(
        "Burst over TLS, text frames, a record each",
        "burst",
        BURST,
        MANY,
        FEW,
        tls=True,
    ),
    "burst-binary": Scenario(
        "Burst over TCP, binary frames as Upbit sends them",
        "burst",
        BURST,
        MANY,
        FEW,
        binary=True,
    ),
    "latency-500": latency("Latency at 500 frames a second", 2_500, 500.0),
    "latency-5000": latency("Latency at 5,000 frames a second", 25_000, 5000.0),
    "busy-20": latency(
        "Latency at 20 frames a second, main thread busy", 100, 20.0, busy=True
    ),
    "busy-500": latency(
        "Latency at 500 frames a second, main thread busy", 1_000, 500.0, busy=True
    ),
    **{f"accounts-{count}": accounts(count) for count in (1, 10, 100, 500, 1000)},
    "recovery": Scenario(
        "From a reset connection to ready again",
        "recovery",
        RECOVERY,
        {"drops": 5},
        {"drops": 1},
        tls=True,
    ),
    "recovery-1000": Scenario(
        "1,000 accounts, all reset at once, to all ready again",
        "recovery",
        RECOVERY,
        {"drops": 1},
        tls=True,
        clients=1000,
    ),
    "imports": Scenario("Import of the package", "imports", IMPORTS),
}
