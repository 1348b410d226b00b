"""The program of a reader: it notes what it reads, twenty times a second.

Each line is a JSON array: ``["read", at, took, account, value, age]``, ``["state", at,
account, state, reason]``, ``["error", at, text]``.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import Any, Mapping

from assetstream import (
    AssetStreamError,
    AssetUpdate,
    RemoteGroup,
    RemoteStream,
    StateChange,
)
from assetstream.runtime.loop import clock
from assetstream.sharing.entries import Pulse
from assetstream.sharing.pulses import OwnerPulses
from tests.programs.chaos.remote.truth import CURRENCY

EVERY = 0.05


class ByReceipt(OwnerPulses):
    """The control: takes a pulse to be as young as its arrival."""

    def came(self, pulses: list[Pulse], asked: float) -> None:  # type: ignore[override]
        """Date by the time of receipt."""
        super().came(pulses, asked)
        if pulses:
            self.composed = clock.now()


def main() -> None:
    """Read until SIGTERM."""
    config = json.loads(sys.argv[1])
    if config["control"]:
        for name, module in list(sys.modules.items()):
            if name.startswith("assetstream.") and hasattr(module, "OwnerPulses"):
                module.OwnerPulses = ByReceipt  # type: ignore[attr-defined]
    lock = threading.Lock()

    def tell(*words: object) -> None:
        with lock:
            print(json.dumps(words), flush=True)

    def on_state(change: StateChange) -> None:
        words = change.account, change.current.name, change.reason
        tell("state", time.monotonic(), *words)

    def on_error(error: AssetStreamError) -> None:
        tell("error", time.monotonic(), str(error))

    told: dict[str, str] = {}

    def on_asset(update: AssetUpdate) -> None:
        told[update.account] = str(update.available)

    handlers: dict[str, Any] = {
        "on_state": on_state,
        "on_error": on_error,
        "on_asset": on_asset,
    }
    labels = config["accounts"]
    streams: Mapping[str, RemoteStream]
    if config["group"]:
        group = RemoteGroup(config["url"], labels, **handlers)
        group.start(wait=False)
        streams = group.streams
    else:
        streams = {
            label: RemoteStream(config["url"], label, **handlers) for label in labels
        }
        for stream in streams.values():
            stream.start(wait=False)
    tell("started", time.monotonic())
    while True:
        for label, stream in streams.items():
            at = time.monotonic()
            try:
                balance = stream.balance(CURRENCY, max_age=60.0)
            except AssetStreamError:
                continue
            age = balance.age
            if balance.stale:  # replaced since, and the age was of the next one
                continue
            took = time.monotonic() - at
            words = label, str(balance.available), age, told.get(label, "")
            tell("read", at, took, *words)
        time.sleep(EVERY)


if __name__ == "__main__":
    main()
