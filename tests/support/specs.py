"""The ``Spec`` of every registered exchange, ``tests/exchanges/NAME/spec.py``."""

from __future__ import annotations

from importlib import import_module

from assetstream.exchanges import EXCHANGES
from assetstream.protocol import Conversation
from tests.exchanges.coinw.spec import make_coinw
from tests.exchanges.upbit.spec import make_upbit
from tests.support.spec import (
    KEY,
    NONCE,
    SAMPLES,
    SECRET,
    START_MS,
    Spec,
    adapter_at,
    at,
    frame,
    keys_for,
    keys_of,
    kinds,
    located,
    opened,
    proved,
    reported,
    sample,
    sent,
)

__all__ = [
    "FIRST_HINTS",
    "KEY",
    "NONCE",
    "SAMPLES",
    "SECRET",
    "SPECS",
    "START_MS",
    "Spec",
    "adapter_at",
    "at",
    "frame",
    "keys_for",
    "keys_of",
    "kinds",
    "located",
    "make_coinw",
    "make_upbit",
    "opened",
    "ready",
    "reported",
    "sample",
    "sent",
]

SPECS: dict[str, Spec] = {
    name: import_module(f"tests.exchanges.{name}.spec").SPEC for name in EXCHANGES
}

#: Fault of the simulator that refuses a login -> what the first hint is about.
FIRST_HINTS = {fault: h for spec in SPECS.values() for fault, h in spec.hints.items()}


def ready(name: str) -> Conversation:
    """Return a conversation of a registered exchange that is ready."""
    return proved(SPECS[name])
