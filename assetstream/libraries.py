"""Checks that an imported library is the one meant: names on PyPI clash."""

from __future__ import annotations

import re
from types import ModuleType

__all__ = ["require"]


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
    wanted = f"{distribution}>={_dotted(at_least)},<{_dotted(below)}"
    raise ImportError(
        f"the module {name!r} at {getattr(module, '__file__', None)}, release "
        f"{release}, is not {wanted}, which assetstream needs. Repair it with: "
        f'pip uninstall -y {name} {distribution}; pip install "{wanted}"'
    )


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
