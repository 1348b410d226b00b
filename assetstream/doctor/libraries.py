"""Checks of this machine: Python, and the libraries that assetstream needs.

This module imports nothing that could itself be broken: of assetstream, only modules
that need no library.
"""

from __future__ import annotations

import importlib
import platform
import ssl
from importlib import metadata
from typing import Iterator

from assetstream.doctor.report import Check, Verdict
from assetstream.libraries import (
    PYJWT,
    PYTHON_SOCKS,
    WEBSOCKET_CLIENT,
    LibraryError,
    importing,
    require,
)
from assetstream.version import __version__

__all__ = ["machine_checks"]

#: Libraries whose names clash with others on PyPI.
CLASHING = (WEBSOCKET_CLIENT, PYJWT)
#: Module and distribution of the other libraries that are always needed.
OTHERS = (
    ("requests", "requests"),
    ("urllib3", "urllib3"),
    ("msgspec", "msgspec"),
    ("certifi", "certifi"),
)


def machine_checks() -> Iterator[Check]:
    """Check Python and the libraries."""
    yield Check(
        "Python",
        Verdict.GREEN,
        f"assetstream {__version__} on Python {platform.python_version()}, "
        f"{platform.system()}, {ssl.OPENSSL_VERSION}",
    )
    yield check_libraries()


def check_libraries() -> Check:
    """Import each library, and check that it is the right one in a fitting release."""
    wrong, remedies = [], []
    for needed in CLASHING:
        try:
            with importing(needed):
                importlib.import_module(needed.module)
        except LibraryError as error:
            wrong.append(error.problem)
            remedies.append(f"Run: {error.remedy}")
    for module, distribution in OTHERS:
        try:
            importlib.import_module(module)
        except Exception as error:  # whatever broken code raises
            wrong.append(f"{module} cannot be imported ({_first_line(error)})")
            remedies.append(f'Run: pip install --force-reinstall "{distribution}"')
    if wrong:
        return Check("libraries", Verdict.RED, "; ".join(wrong), tuple(remedies))
    return _check_for_rivals()


def _check_for_rivals() -> Check:
    """Look for packages that use the folders of the right ones."""
    found = [_version(n.distribution) for n in CLASHING]
    found += [_version(distribution) for _, distribution in OTHERS]
    proxies, remedies = _proxy_library()
    rivals = [needed for needed in CLASHING if _is_installed(needed.module)]
    if rivals:
        names = " and ".join(needed.module for needed in rivals)
        finding = (
            f"{', '.join(found)}; but {names} is installed, too, and uses the same "
            "folder: it works as long as nobody installs or removes one of the two"
        )
        repairs = tuple(f"Run: {needed.repair}" for needed in rivals)
        return Check("libraries", Verdict.YELLOW, finding, (*repairs, *remedies))
    verdict = Verdict.YELLOW if remedies else Verdict.GREEN
    return Check("libraries", verdict, ", ".join([*found, proxies]), remedies)


def _proxy_library() -> tuple[str, tuple[str, ...]]:
    """Return a finding and remedies for the library for proxies, which is optional."""
    try:
        require(importlib.import_module(PYTHON_SOCKS.module), PYTHON_SOCKS)
    except ModuleNotFoundError:
        return "no python-socks (needed for proxies only)", ()
    except Exception as error:  # whatever broken code raises
        return _first_line(error), (f"Run: {PYTHON_SOCKS.repair}",)
    return _version(PYTHON_SOCKS.distribution), ()


def _version(distribution: str) -> str:
    try:
        return f"{distribution} {metadata.version(distribution)}"
    except metadata.PackageNotFoundError:
        return f"{distribution} (of unknown release)"


def _is_installed(distribution: str) -> bool:
    try:
        metadata.distribution(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def _first_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
