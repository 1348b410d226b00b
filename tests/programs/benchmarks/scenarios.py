"""The scenarios that are measured, and the columns of their tables."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Mapping, NamedTuple

from tests.programs.benchmarks.imports import STATEMENTS

__all__ = ["SCENARIOS", "Column", "Scenario"]


class Column(NamedTuple):
    """One figure of a table."""

    key: str
    title: str


class Scenario(NamedTuple):
    """One table.

    Attributes:
        kind: the function of ``kinds`` that measures it, or ``imports``.
        columns: its figures; the first decides, ratios are of it, and less is better.
        contenders: who takes part.
        options: arguments of the function; ``quick``: what differs in a smoke run.
        rounds: how often each is measured.
        accounts: at once; ``quick_accounts``: in a smoke run.
        wakes: it is about single frames, so the clients' core is kept awake.
        note: what the reader has to know of how it is measured.
    """

    title: str
    kind: str
    columns: tuple[Column, ...]
    contenders: tuple[str, ...]
    options: Mapping[str, Any] = MappingProxyType({})
    quick: Mapping[str, Any] = MappingProxyType({})
    rounds: int = 5
    tls: bool = False
    binary: bool = False
    accounts: int = 1
    quick_accounts: int | None = None
    wakes: bool = False
    note: str = ""


BURST = (Column("us", "µs per update"), Column("cpu_us", "CPU µs"))
LATENCY = (
    Column("p50", "p50 µs"),
    Column("p99", "p99 µs"),
    Column("p999", "p99.9 µs"),
    Column("cpu_us", "CPU µs per update"),
)
SHARED = (
    *LATENCY[:2],
    Column("cpu_us", "reader's CPU µs per update"),
    Column("other_cpu_us", "owner's CPU µs per update"),
)
SHARED_BURST = (Column("us", "µs per update"), *SHARED[2:])
FIRST = (
    Column("process_mb", "process MB"),
    Column("threads", "threads"),
    Column("connect_ms", "ready after ms"),
    Column("connect_cpu_ms", "CPU ms"),
)
SIZE = (
    Column("pss_kb", "KB per account"),
    Column("process_mb", "process MB"),
    Column("threads", "threads"),
    Column("files", "files per account"),
    Column("connect_ms", "connect ms each"),
    Column("connect_cpu_ms", "connect CPU ms each"),
)
RECOVERY = (Column("back_ms", "ms from drop to ready"), Column("worst_ms", "worst ms"))
IMPORTS = (
    Column("ms", "ms"),
    Column("rss_mb", "MB"),
    Column("modules", "modules"),
)
CURRENCIES = (
    Column("us_5000", "µs per update at 5,000"),
    Column("us_1000", "at 1,000"),
    Column("us_100", "at 100"),
    Column("us_1", "at 1"),
    Column("growth", "5,000 over 1"),
)
AGE = (
    Column("busy_kb", "KB per account after 10,000 updates"),
    Column("tenth_kb", "after 1,000"),
    Column("idle_kb", "idle"),
)
AUDITS = (
    Column("cpu", "CPU %"),
    Column("reads", "reads/s"),
    Column("read_us", "CPU µs per read, all included"),
)
PAUSES = (
    Column("p99", "p99 µs"),
    Column("p50", "p50 µs"),
    Column("p999", "p99.9 µs"),
    Column("longest_ms", "longest ms"),
    Column("gc_ms", "longest collection ms"),
    Column("full_gc_ms", "a full collection ms"),
    Column("cpu_us", "CPU µs per update"),
)
SCRAPE = (
    Column("ms", "ms a scrape"),
    Column("worst_ms", "worst ms"),
    Column("cpu_ms", "CPU ms"),
    Column("all_ms", "ms with a series for each account"),
    Column("p50", "p50 µs of an update beside them"),
    Column("quiet_p50", "p50 µs without"),
    Column("p99", "p99 µs beside them"),
    Column("quiet_p99", "p99 µs without"),
)
SATURATION = (
    Column("us", "µs per update, one core full"),
    Column("rate", "updates/s"),
    Column("cpu_us", "CPU µs per update"),
    Column("pss_kb", "KB per account, idle"),
    Column("cpu", "CPU %, idle"),
    Column("reads", "reads/s, idle"),
)

#: The field: the ways that README's table compares, and those beside them.
FIELD = (
    "assetstream",
    "floor",
    "picows",
    "aiohttp",
    "websockets-asyncio",
    "upbit-sdk",
    "script",
)
ALL = (*FIELD, "aiohttp-json", "websockets-sync", "ccxt", "pybit")
MANY = ("assetstream-group", "assetstream", "picows", "websockets-asyncio", "script")

#: Frames of a burst.
FRAMES = {"frames": 100_000}
FEW = {"frames": 10_000}

#: The ways to read what another process owns, and those that keep accounts apart.
SHARING = ("shared", "shared-by-hand", "shared-cryptofeed", "shared-nautilus")
SHARING_MANY = ("shared", "shared-frozen", "shared-by-hand")

OWNED = (
    "Owner, engine and reader are three processes; the owner's `StreamGroup` hands its "
    "updates to each peer's publisher, so that only the way between them differs. "
)
FIRST_ONE = (
    "An account is one of those after the first, which is weighed apart with libraries "
    "and authorities. "
)
STARTED = (
    "An account's first snapshot and its audits are read at 30 a second as Upbit "
    "allows, by a clock 4 times as fast until the start has settled. "
)


def size(count: int, contenders: tuple[str, ...], *, rounds: int) -> Scenario:
    """Make the scenario of that many accounts."""
    return Scenario(
        f"{count:,} accounts over TLS, idle",
        "size",
        SIZE,
        contenders,
        # The first audit, 5 s after the start, is among what is weighed.
        {"idle": 7.0},
        {"idle": 1.0},
        rounds=rounds,
        tls=True,
        accounts=count + 1,
        quick_accounts=51,
        note=FIRST_ONE,
    )


def latency(
    title: str,
    frames: int,
    rate: float,
    contenders: tuple[str, ...],
    *,
    busy: bool = False,
    rounds: int = 5,
) -> Scenario:
    """Make a scenario of single frames."""
    return Scenario(
        title,
        "latency",
        LATENCY,
        contenders,
        {"frames": frames, "rate": rate, "busy": busy},
        {"frames": max(100, frames // 10)},
        rounds=rounds,
        wakes=True,
    )


def saturation(count: int, contenders: tuple[str, ...], *, rounds: int) -> Scenario:
    """Make the scenario in which 100 of so many accounts are ever busier."""
    idle = f", {count - 100:,} more idle" if count > 100 else ""
    return Scenario(
        f"100 accounts over TLS, as busy as one core allows{idle}",
        "saturation",
        SATURATION,
        contenders,
        {"active": 100, "first": 2_000.0, "seconds": 1.5, "idle": 8.0},
        {"active": 20, "first": 4_000.0, "seconds": 0.3, "idle": 1.0},
        rounds=rounds,
        tls=True,
        accounts=count,
        quick_accounts=min(count, 200) // 2 + 1,
        note=f"{FIRST_ONE}{STARTED}The rate is doubled until p99 exceeds 100 ms or a "
        "backlog is left, then the step is halved 4 times.",
    )


def shared(
    title: str,
    frames: int,
    rate: float,
    contenders: tuple[str, ...],
    *,
    accounts: int = 1,
) -> Scenario:
    """Make a scenario of single frames that one process owns and another reads."""
    return Scenario(
        f"{title}, from the exchange to the handler of a reader by Redis",
        "latency",
        SHARED,
        contenders,
        {"frames": frames, "rate": rate, "busy": False},
        {"frames": frames // 10},
        rounds=3,
        accounts=accounts,
        quick_accounts=min(accounts, 20),
        wakes=True,
        note=OWNED,
    )


SCENARIOS = {
    "burst": Scenario("Burst over TCP, text frames", "burst", BURST, ALL, FRAMES, FEW),
    "burst-tls": Scenario(
        "Burst over TLS, text frames, a record each",
        "burst",
        BURST,
        FIELD,
        FRAMES,
        FEW,
        tls=True,
    ),
    "burst-binary": Scenario(
        "Burst over TCP, binary frames as Upbit sends them",
        "burst",
        BURST,
        FIELD,
        FRAMES,
        FEW,
        rounds=3,
        binary=True,
    ),
    "burst-archived": Scenario(
        "Burst over TCP, with and without an archive that records it",
        "burst",
        BURST,
        ("assetstream", "assetstream-archived"),
        FRAMES,
        FEW,
    ),
    "currencies": Scenario(
        "Burst over TCP, by the number of currencies that the account holds",
        "currencies",
        CURRENCIES,
        ("assetstream", "floor"),
        {"held": (1, 100, 1_000, 5_000), "frames": 40_000},
        {"frames": 2_000},
        rounds=3,
        accounts=4,
        note="One account of each size, in one process; the updates go through all "
        "currencies.",
    ),
    "latency-500": latency("Latency at 500 frames a second", 2_000, 500.0, FIELD),
    "latency-5000": latency(
        "Latency at 5,000 frames a second",
        10_000,
        5_000.0,
        ("assetstream", "picows", "aiohttp", "script"),
        rounds=3,
    ),
    "latency-archived": latency(
        "Latency at 500 frames a second, with and without an archive that records them",
        2_500,
        500.0,
        ("assetstream", "assetstream-archived"),
        rounds=3,
    ),
    "busy-20": latency(
        "Latency at 20 frames a second, main thread busy",
        100,
        20.0,
        ("assetstream", "picows", "script"),
        busy=True,
        rounds=2,
    ),
    "pauses": Scenario(
        "5,000 accounts over TLS, 1,000 updates a second in all",
        "pauses",
        PAUSES,
        ("assetstream-audited", "assetstream-frozen", "picows"),
        {"frames": 15_000, "rate": 1_000.0},
        {"frames": 1_000},
        rounds=2,
        tls=True,
        accounts=5_000,
        quick_accounts=200,
        wakes=True,
        note=f"{STARTED}Latency is from the server to the handler; collections are "
        "those of the garbage collector in that time, and a full one is made "
        "afterwards.",
    ),
    "shared-200": shared("200 updates a second of one account", 1_000, 200.0, SHARING),
    "shared-1000": shared(
        "1,000 updates a second of one account", 5_000, 1_000.0, SHARING
    ),
    "shared-accounts": shared(
        "2,000 updates a second of 1,000 accounts",
        20_000,
        2_000.0,
        SHARING_MANY,
        accounts=1_000,
    ),
    "shared-burst": Scenario(
        "Burst of 100 accounts, from the exchange to the handler of a reader by Redis",
        "burst",
        SHARED_BURST,
        SHARING,
        {"frames": 10_000},
        {"frames": 2_000},
        rounds=3,
        accounts=100,
        quick_accounts=10,
        note=OWNED,
    ),
    "first": Scenario(
        "The first account over TLS",
        "first",
        FIRST,
        ("assetstream", "picows", "websockets-asyncio", "script"),
        {"idle": 2.0},
        {"idle": 0.5},
        rounds=2,
        tls=True,
        note="Imports that are put off until a stream starts are in the time to be "
        "ready, others are not: see `imports`.",
    ),
    "size-500": size(500, MANY, rounds=2),
    "size-1000": size(1_000, ("assetstream-group", "picows", "script"), rounds=1),
    "age": Scenario(
        "500 accounts over TLS, after 10,000 updates of each at 1 a second",
        "age",
        AGE,
        ("assetstream-audited",),
        {"settles": 60.0, "updates": 10_000},
        {"settles": 8.0, "updates": 200},
        rounds=1,
        tls=True,
        accounts=501,
        quick_accounts=21,
        note=f"{FIRST_ONE}{STARTED}Then the package's clock moves by a second, each "
        "account is sent one frame, and when the last is handled the clock moves on: "
        "what is kept for a time is kept as long as in 10,000 real seconds, audits "
        "included.",
    ),
    "audits": Scenario(
        "1,000 accounts over TLS, idle, compared with REST",
        "audits",
        AUDITS,
        ("assetstream-audited", "assetstream-unaudited", "picows-polling"),
        {"settles": 140.0, "idle": 15.0},
        {"settles": 26.0, "idle": 5.0},
        rounds=2,
        tls=True,
        accounts=1_000,
        quick_accounts=50,
        note=STARTED,
    ),
    "scrape": Scenario(
        "1,000 accounts over TLS, scraped once a second",
        "scrape",
        SCRAPE,
        ("assetstream-audited",),
        {"frames": 4_000, "rate": 1_000.0},
        {"frames": 500},
        rounds=2,
        tls=True,
        accounts=1_000,
        quick_accounts=50,
        wakes=True,
        note=f"{STARTED}The text of all metrics is made by a thread of the same "
        "process, as `serve_metrics` does, at 15 times the usual rate.",
    ),
    "saturation-100": saturation(100, ("assetstream-audited",), rounds=2),
    "saturation-10000": saturation(10_000, ("assetstream-audited", "picows"), rounds=1),
    "recovery": Scenario(
        "From a reset connection to ready again",
        "recovery",
        RECOVERY,
        ("assetstream", "websockets-asyncio", "upbit-sdk", "script", "ccxt", "pybit"),
        {"drops": 3},
        {"drops": 1},
        rounds=1,
        tls=True,
    ),
    "recovery-1000": Scenario(
        "1,000 accounts, all reset at once, to all ready again",
        "recovery",
        RECOVERY,
        ("assetstream-paced",),
        {"drops": 1},
        rounds=1,
        tls=True,
        accounts=1_000,
        quick_accounts=20,
    ),
    "imports": Scenario(
        "Import of the package", "imports", IMPORTS, tuple(STATEMENTS), rounds=3
    ),
}
