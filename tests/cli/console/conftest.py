"""The simulators of ``tests.simulator``, for its console."""

from __future__ import annotations

from tests.simulator.conftest import coinw, exchange, upbit

__all__ = ["coinw", "exchange", "upbit"]
