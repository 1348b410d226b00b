"""Tapes that a test writes line by line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

#: When they were recorded, in the exchange's time: long ago.
DATE = "Wed, 01 Jan 2025 00:00:10 GMT"
MILLISECONDS = 1_735_689_600_000

Line = dict[str, Any]


def write_tape(path: Path, exchange: str, *lines: Line, **header: Any) -> Path:
    """Write a tape with these lines; fields of the header can be replaced."""
    first = {
        "tape": 1,
        "exchange": exchange,
        "options": {"region": "sg"} if exchange == "upbit" else {},
        # The recording machine's clock was an hour behind.
        "began": "2024-12-31T23:00:00Z",
        "assetstream": "0.1.0",
        "scrambled": False,
        **header,
    }
    path.write_text("".join(json.dumps(line) + "\n" for line in (first, *lines)))
    return path


def line(at: float, kind: str, **fields: Any) -> Line:
    """Make the line of an event."""
    return {"at": at, "kind": kind, **fields}


def push(at: float, currency: str, amount: str, exchange: str = "upbit") -> Line:
    """Make the line of a push that came ``at`` seconds after its time."""
    time = MILLISECONDS + round(at * 1000)
    content: Any
    if exchange == "upbit":
        content = {
            "type": "myAsset",
            "asset_uuid": "u",
            "assets": [{"currency": currency, "balance": "@", "locked": 0}],
            "asset_timestamp": time,
            "timestamp": time,
        }
    else:
        change = {"available": amount, "currency": currency, "time": time}
        change |= {"ledger_id": time, "account": "spot", "hold": "0"}
        content = {"biz": "exchange", "data": change, "type": "assets"}
    # A number of any length, which only its own text can be.
    text = json.dumps(content).replace('"@"', amount)
    return line(at, "received", text=text)


def reply(at: float, exchange: str = "upbit", **balances: str) -> Line:
    """Make the line of a good REST reply."""
    content: Any
    if exchange == "upbit":
        content = [
            {"currency": c, "balance": a, "locked": "0"} for c, a in balances.items()
        ]
    else:
        data = {c: {"onOrders": "0", "available": a} for c, a in balances.items()}
        content = {"code": "200", "data": data, "msg": "SUCCESS", "success": True}
    headers = {"content-type": "application/json", "date": DATE}
    if at != 10:
        del headers["date"]  # it would not be true
    return line(at, "reply", status=200, headers=headers, text=json.dumps(content))


def opened(at: float, exchange: str = "upbit", **balances: str) -> list[Line]:
    """Make the lines of a connection and its first balances."""
    lines = [line(at, "connecting"), line(at, "opened")]
    return [*lines, line(at, "read"), reply(at, exchange, **balances)]
