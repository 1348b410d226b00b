"""One measurement of one contender, in this process: figures as JSON on stdout.

::

    python -m tests.programs.benchmarks.measure '{"kind": "burst", ...}'
"""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import Any

from tests.programs.benchmarks.contenders import ENTRIES
from tests.programs.benchmarks.contenders.base import Account
from tests.programs.benchmarks.control import Control, Lost
from tests.programs.benchmarks.cores import pin
from tests.programs.benchmarks.kinds import KINDS
from tests.programs.benchmarks.kinds.common import Figures
from tests.programs.benchmarks.weight import raise_limits

__all__ = ["main"]

#: Where Upbit's private WebSocket is, and Bybit's.
PATHS = {"upbit": "/websocket/v1/private", "bybit": "/v5/private"}
#: Files of a process that are no connection of an account.
OTHER_FILES = 200


def measure(
    kind: str,
    contender: str,
    port: int,
    control_port: int,
    tls: bool,
    count: int,
    options: dict[str, Any],
) -> Figures:
    """Run one measurement."""
    if count + OTHER_FILES > (most := raise_limits()):
        raise Lost(
            f"{count:,} accounts need {count + OTHER_FILES:,} open files, and {most:,} "
            "are allowed here: raise the hard limit (ulimit -Hn)"
        )
    secure = "s" if tls else ""
    path = PATHS[ENTRIES[contender].dialect]
    targets = [
        Account(
            f"ws{secure}://127.0.0.1:{port}{path}",
            f"http{secure}://127.0.0.1:{port}",
            f"benchmark-access-key-{number:019d}",
            f"benchmark-secret-key-{number:019d}",
        )
        for number in range(count)
    ]
    client = ENTRIES[contender].make()
    control = Control(control_port)
    try:
        control.clear()
        return KINDS[kind](client, control, targets, **options)
    finally:
        control.close()
        client.close()


def main() -> None:
    """Run the measurement that the command line asks for."""
    pin("client")
    logging.getLogger("assetstream").setLevel(logging.CRITICAL)
    task = json.loads(sys.argv[1])
    try:
        figures = measure(**task)
    except (ImportError, AttributeError) as error:
        figures = {"skipped": str(error)}
    except (Lost, TimeoutError) as error:
        figures = {"failed": str(error)}
    print(json.dumps(figures), flush=True)
    # The contender's threads are left to the system.
    os._exit(0)


if __name__ == "__main__":
    main()
