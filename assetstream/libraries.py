"""Checks that an imported library is the one meant: names on PyPI clash."""

from __future__ import annotations

import importlib.util
import re
import sys
from contextlib import contextmanager
from types import ModuleType
from typing import Iterator

__all__ = ["importing", "require"]


@contextmanager
def importing(
    name: str,
    distribution: str,
    *,
    has: str,
    at_least: tuple[int, ...],
    below: tuple[int, ...],
) -> Iterator[None]:
    """Raise ImportError unless the block imports the module ``name`` that is meant.

    One that is missing or raises is explained as one that does not fit is; the other
    arguments are those of ``require``.
    """
    try:
        yield
    except Exception as error:
        # Whatever code of another's raises: a SyntaxError, if it is for Python 2.
        found = importlib.util.find_spec(name)
        if found is None:
            state = "is not installed"
        else:
            what = " ".join(f"{type(error).__name__}: {error}".split())
            state = f"at {found.origin} cannot be imported ({what})"
        wanted = _wanted(distribution, at_least, below)
        raise ImportError(
            f"the module {name!r} {state}; assetstream needs it from {wanted}. "
            + _repair(name, distribution, wanted),
            name=name,
        ) from error
    require(sys.modules[name], distribution, has=has, at_least=at_least, below=below)


def require(
    module: ModuleType,
    distribution: str,
    *,
    has: str,
    at_least: tuple[int, ...],
    below: tuple[int, ...],
) -> None:
    """Raise ImportError unless ``module`` is a fitting release of ``distribution``.

    Args:
        module: what was imported.
        distribution: the name on PyPI of what should have been.
        has: a name that only the right one has.
        at_least: the oldest release that fits.
        below: the first release that does not.
    """
    release = str(getattr(module, "__version__", "unknown"))
    found = re.match(r"\d+(\.\d+)*", release)
    version = tuple(int(part) for part in found[0].split(".")) if found else (0,)
    if hasattr(module, has) and at_least <= version < below:
        return
    name = module.__name__
    wanted = _wanted(distribution, at_least, below)
    raise ImportError(
        f"the module {name!r} at {getattr(module, '__file__', None)}, release "
        f"{release}, is not {wanted}, which assetstream needs. "
        + _repair(name, distribution, wanted),
        name=name,
    )


def _wanted(
    distribution: str, at_least: tuple[int, ...], below: tuple[int, ...]
) -> str:
    return f"{distribution}>={_dotted(at_least)},<{_dotted(below)}"


def _repair(name: str, distribution: str, wanted: str) -> str:
    return (
        f"Repair it with: pip uninstall -y {name} {distribution}; "
        f'pip install "{wanted}"'
    )


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
