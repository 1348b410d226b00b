"""Checks that an imported library is the one meant: names on PyPI clash."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Iterator, NamedTuple
from urllib.parse import urlsplit

__all__ = [
    "PYJWT",
    "PYTHON_SOCKS",
    "WEBSOCKET_CLIENT",
    "LibraryError",
    "Needed",
    "extra_of",
    "importing",
    "install_command",
    "require",
]


class LibraryError(ImportError):
    """A library is missing, or another one is in its place.

    Attributes:
        problem: what is wrong, without a full stop.
        remedy: the commands that put the right one there.
    """

    problem: str
    remedy: str

    def __init__(
        self, problem: str, *, remedy: str = "", name: str | None = None
    ) -> None:
        super().__init__(problem, name=name)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem}. Repair it with: {self.remedy}"


class Needed(NamedTuple):
    """A library that assetstream needs, and how to tell it from others.

    Attributes:
        module: the name that it is imported by.
        distribution: its name on PyPI.
        has: a name that only the right one has.
        at_least: the oldest release that fits.
        below: the first release that does not.
    """

    module: str
    distribution: str
    has: str
    at_least: tuple[int, ...]
    below: tuple[int, ...]

    @property
    def wanted(self) -> str:
        """The requirement to give to pip."""
        return f"{self.distribution}>={_dotted(self.at_least)},<{_dotted(self.below)}"

    @property
    def repair(self) -> str:
        """The commands that put the right one in the place of others."""
        return (
            f"pip uninstall -y {self.module} {self.distribution}; "
            f'pip install "{self.wanted}"'
        )


WEBSOCKET_CLIENT = Needed(
    "websocket", "websocket-client", "WebSocketApp", (1, 9, 2), (2,)
)
PYJWT = Needed("jwt", "PyJWT", "PyJWS", (2, 8), (3,))
PYTHON_SOCKS = Needed("python_socks", "python-socks", "ProxyType", (2, 5, 3), (4,))


@contextmanager
def importing(needed: Needed) -> Iterator[None]:
    """Raise LibraryError unless the block imports the module that is meant.

    One that is missing or raises is explained as one that does not fit is.
    """
    name = needed.module
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
        raise LibraryError(
            f"the module {name!r} {state}; assetstream needs it from {needed.wanted}",
            remedy=needed.repair,
            name=name,
        ) from error
    require(sys.modules[name], needed)


def require(module: ModuleType, needed: Needed) -> None:
    """Raise LibraryError unless ``module`` is a fitting release of what is needed."""
    release = str(getattr(module, "__version__", "unknown"))
    found = re.match(r"\d+(\.\d+)*", release)
    version = tuple(int(part) for part in found[0].split(".")) if found else (0,)
    if hasattr(module, needed.has) and needed.at_least <= version < needed.below:
        return
    name = module.__name__
    raise LibraryError(
        f"the module {name!r} at {getattr(module, '__file__', None)}, release "
        f"{release}, is not {needed.wanted}, which assetstream needs",
        remedy=needed.repair,
        name=name,
    )


def install_command(extra: str) -> str:
    """Return the command that adds an extra to this installation of assetstream.

    It works where assetstream was installed from a checkout, or only lies in one, too:
    no index may have it.
    """
    # Imported here: hardly a program needs it.
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        origin = distribution("assetstream").read_text("direct_url.json")
    except PackageNotFoundError:
        checkout = Path(__file__).parents[1]
        origin = json.dumps({"url": checkout.as_uri(), "dir_info": {}})
    return extra_of(origin, extra)


def extra_of(origin: str | None, extra: str) -> str:
    """Return the command that adds an extra to what came from ``origin``.

    Args:
        origin: what ``direct_url.json`` says, which pip writes for what is from no
            index (PEP 610); None without one.
        extra: its name.
    """
    found = json.loads(origin or "{}")
    if "dir_info" not in found:
        # Of one that is installed already, pip looks up nothing but the extra's own.
        return f'pip install "assetstream[{extra}]"'
    editable = "-e " if found["dir_info"].get("editable") else ""
    # Imported here: as long to load as the rest of a stream.
    from urllib.request import url2pathname

    path = url2pathname(urlsplit(found["url"]).path)
    return f'pip install {editable}"{path}[{extra}]"'


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
