"""Key files: an account's keys, in a file that nobody else can read.

The lines are those of the environment, so that a shell could read it, too::

    UPBIT_ACCESS_KEY=...
    UPBIT_SECRET_KEY=...

``UPBIT_WS_URL`` with ``UPBIT_REST_URL`` may follow. python-dotenv reads each line:
``export`` before a name, quotes around a value, comments and empty lines are allowed.
On POSIX the file must belong to the user and be closed to all others; Windows has no
such rights to look at, so there this is not checked.
"""

from __future__ import annotations

import os
import shlex
import stat
from io import StringIO
from pathlib import Path

from assetstream.cli.accounts.suggestions import meant
from assetstream.exchanges import EXCHANGES
from assetstream.model.errors import ConfigurationError

__all__ = ["read_keys"]

#: Bytes; four lines are no more than that.
LARGEST = 16 * 1024
#: O_NONBLOCK: a named pipe must not hold us up before it is refused. Windows knows
#: neither, and would translate line ends.
FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)


def read_keys(path: Path, exchange: str) -> dict[str, str]:
    """Return the arguments for that exchange's adapter: keys and, if any, URLs.

    Raises:
        ConfigurationError: the file is missing, open to others, or not as it should be.
            The text names file and line, and shows nothing of what stands there.
    """
    # Not dotenv_values(): it skips broken lines, and takes the last of two equal names.
    from dotenv.parser import parse_stream

    required, variable = EXCHANGES[exchange].key_names, EXCHANGES[exchange].variable
    parameters = {
        variable(parameter): parameter
        for parameter in (*required, "ws_url", "rest_url")
    }
    found: dict[str, str] = {}
    for number, line in enumerate(_lines(path), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        where = f"{path}, line {number}"
        # A line alone: a quote that is left open must not reach into the next one.
        name, value, *_ = next(parse_stream(StringIO(line)))
        if name is None or value is None:
            names = " and ".join(list(parameters)[: len(required)])
            raise ConfigurationError(
                f"{where}: not of the form NAME=value",
                remedy=f"Write a line each for {names}.",
            )
        if name not in parameters:
            # Not repeated: half of a key that was broken over two lines, perhaps.
            hint = meant(name, parameters) or f"Known are {', '.join(parameters)}."
            raise ConfigurationError(
                f"{where}: not a name of {exchange}'s", remedy=hint
            )
        if parameters[name] in found:
            raise ConfigurationError(f"{where}: {name} was set above")
        found[parameters[name]] = value
    for parameter in required:
        if parameter not in found:
            raise ConfigurationError(f"{path}: {variable(parameter)}=... is missing")
    return found


def _lines(path: Path) -> list[str]:
    try:
        descriptor = os.open(path, FLAGS)
    except OSError as exc:
        raise ConfigurationError(
            f"the key file {path} cannot be opened: {exc.strerror}",
            remedy="Check its path; `assetstream watch --help` tells what it holds.",
        ) from None
    try:
        # Asked of what is open, not of the path: that may lead elsewhere by now.
        _check(os.fstat(descriptor), path)
        data = os.read(descriptor, LARGEST + 1)
    finally:
        os.close(descriptor)
    if len(data) > LARGEST:
        raise ConfigurationError(f"{path} is too large for a key file")
    try:
        return data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ConfigurationError(
            f"{path} is no text in UTF-8", remedy="Write it with an editor."
        ) from None


def _check(status: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ConfigurationError(f"the key file {path} is no regular file")
    if os.name == "nt":
        return
    if status.st_uid != os.geteuid():
        raise ConfigurationError(
            f"the key file {path} belongs to another user",
            remedy="Make a copy of your own.",
        )
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        raise ConfigurationError(
            f"the key file {path} is open to other users (mode {mode:03o})",
            remedy=f"Close it: chmod 600 {shlex.quote(str(path))}",
        )
