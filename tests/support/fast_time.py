"""The SDK with every wait a twentieth as long, for long runs in little time.

Only constants are changed, never code: what is judged is the code that users run.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator
from unittest.mock import patch

from msgspec.structs import replace

from assetstream import CoinW, Upbit
from assetstream.core import (
    audit,
    audit_schedule,
    book,
    entry,
    machine,
    reads,
    reconnect,
)
from assetstream.exchanges.coinw import conversation as coinw_conversation
from assetstream.exchanges.common import refusals
from assetstream.exchanges.upbit import conversation as upbit_conversation
from assetstream.runtime.net import send_buffer

__all__ = ["FACTOR", "fast_time"]

FACTOR = 20.0

#: (module, constant): seconds all of them.
SECONDS: list[tuple[Any, str]] = [
    (book, "REST_LAG"),
    (audit, "REST_LAG"),
    (audit, "SECOND_READ"),
    (audit, "LAG_WAIT"),
    (audit_schedule, "REST_LAG"),
    (audit_schedule, "SECOND_READ"),
    (audit_schedule, "LAG_WAIT"),
    (audit_schedule, "LEASE_GRACE"),
    (audit_schedule, "MUTE_INTERVAL"),
    (audit_schedule, "MUTE_PERIOD"),
    (reads, "SECOND_READ"),
    (reads, "AUDIT_PACE"),
    (reads, "DOUBT_DELAY"),
    (reads, "READ_TIMEOUT"),
    (machine, "READ_TIMEOUT"),
    (entry, "HELD_RECENTLY"),
    (reconnect, "FIRST_CEILING"),
    (reconnect, "CEILING"),
    (reconnect, "HEALTHY"),
    (send_buffer, "STALL_TIME"),
    (refusals, "BLOCKED_S"),
    (coinw_conversation, "ANSWER_TIMEOUT_S"),
    (upbit_conversation, "LIST_TIMEOUT_S"),
]


@contextmanager
def fast_time() -> Iterator[None]:
    """Make every stream created inside wait a twentieth as long."""
    changes = [
        patch.object(module, name, getattr(module, name) / FACTOR)
        for module, name in SECONDS
    ]
    early = tuple(at / FACTOR for at in audit_schedule.FIRST_AUDITS)
    changes.append(patch.object(audit_schedule, "FIRST_AUDITS", early))
    for adapter in (Upbit, CoinW):
        limits = adapter.limits
        faster = {
            name: getattr(limits, name) / FACTOR
            for name in (
                "ping_interval",
                "pong_timeout",
                "audit_interval",
                "audit_interval_locked",
                "drift_reconnect_interval",
            )
            if getattr(limits, name) is not None
        }
        quick = replace(
            limits,
            connects_per_second=1000.0,
            reads_per_second=1000.0,
            connects_together=1000.0,
            reads_together=1000.0,
            **faster,
        )
        changes.append(patch.object(adapter, "limits", quick))
    for change in changes:
        change.start()
    try:
        yield
    finally:
        for change in reversed(changes):
            change.stop()
