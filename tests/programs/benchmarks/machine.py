"""The machine, the interpreter and the releases that figures are of."""

from __future__ import annotations

import os
import platform
import sysconfig
from importlib.metadata import PackageNotFoundError, version
from typing import Any

__all__ = ["facts"]

#: Whose releases are named.
PACKAGES = (
    "assetstream",
    "websocket-client",
    "msgspec",
    "pybit",
    "upbit-sdk",
    "ccxt",
    "websockets",
    "aiohttp",
    "picows",
    "redis",
    "cryptofeed",
    "nautilus_trader",
)


def facts() -> dict[str, Any]:
    """Return what has to be known to read figures of this moment, for JSON."""
    return {
        "python": platform.python_version(),
        "build": build(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load": os.getloadavg() if hasattr(os, "getloadavg") else None,
        "releases": releases(),
    }


def build() -> str:
    """Return by which optimizations of its own this interpreter was compiled.

    They make Python code faster by a tenth or two, and compiled peers not.
    """
    given = " ".join(
        str(sysconfig.get_config_var(name) or "")
        for name in ("CONFIG_ARGS", "PY_CFLAGS", "PY_CORE_CFLAGS")
    )
    profiled = "--enable-optimizations" in given or "-fprofile-use" in given
    linked = "--with-lto" in given or "-flto" in given
    found = [name for name, has in (("PGO", profiled), ("LTO", linked)) if has]
    return " and ".join(found) or "neither PGO nor LTO"


def releases() -> list[str]:
    """Return the releases that are installed here."""
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return found
