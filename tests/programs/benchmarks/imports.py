"""The cost of an import, measured in a fresh interpreter."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

__all__ = ["STATEMENTS", "measure_import"]

#: name -> statement; ``assetstream`` loads its names when they are first asked for.
STATEMENTS = {
    "assetstream": "import assetstream",
    "assetstream-used": "from assetstream import AssetStream, Upbit",
    "websocket": "import websocket",
    "upbit": "import upbit",
    "ccxt": "import ccxt",
    "ccxt.pro": "import ccxt.pro",
    "pybit": "import pybit.unified_trading",
    "websockets-sync": "import websockets.sync.client",
    "websockets-asyncio": "import websockets.asyncio.client",
    "aiohttp": "import aiohttp",
    "picows": "import picows",
}

PROGRAM = """
import json, sys, time
from tests.programs.benchmarks.cores import pin
from tests.programs.benchmarks.weight import Weight
pin("client")
modules, before = len(sys.modules), Weight.now()
began = time.perf_counter()
try:
    exec(sys.argv[1])
except ImportError as error:
    figures = {"skipped": str(error)}
else:
    elapsed, after = time.perf_counter() - began, Weight.now()
    figures = {
        "ms": elapsed * 1e3,
        "rss_mb": (after.rss_kb - before.rss_kb) / 1024,
        "modules": len(sys.modules) - modules,
    }
print(json.dumps(figures))
"""


def measure_import(name: str) -> dict[str, Any]:
    """Measure time, memory and modules of one import."""
    command = [sys.executable, "-c", PROGRAM, STATEMENTS[name]]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures
