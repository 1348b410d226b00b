"""The command line, ``assetstream watch upbit``. It needs the extra ``cli``."""

from __future__ import annotations

import os
import sys

from assetstream.cli.exit_codes import INTERRUPTED, WRONG_USAGE
from assetstream.libraries import install_command
from assetstream.version import __version__

__all__ = ["main"]

EXTRA = frozenset({"click", "dotenv", "rich", "tomli"})


def main() -> None:
    """Run the command line, or say which extra it needs or which library is broken."""
    open_what_is_closed()
    if sys.argv[1:] == ["--version"]:
        print(f"assetstream, version {__version__}")
        return
    # Imported here: the entry point exists without the extra too, and has to answer.
    try:
        from assetstream.cli.main import assetstream

        assetstream(prog_name="assetstream")
    except KeyboardInterrupt:  # while it was imported
        sys.exit(INTERRUPTED)
    except Exception as exc:
        code = _explain(exc)
        if code is None:
            raise
        sys.exit(code)


def open_what_is_closed() -> None:
    """Open standard streams that cron or a daemon has closed, on nothing.

    Else a socket would be given their descriptors, and what is written would go there.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # Open to the end, and by the first free descriptor: the closed one.
            nothing = open(os.devnull, mode, encoding="utf-8")  # noqa: SIM115
            setattr(sys, name, nothing)


def _explain(error: Exception) -> int | None:
    """Say which package is missing or broken; None if the error is a fault of ours."""
    missing = str(getattr(error, "name", None) or "").partition(".")[0]
    if missing in EXTRA:
        print(
            f"The assetstream command needs the package {missing}: "
            + install_command("cli"),
            file=sys.stderr,
        )
        return WRONG_USAGE
    from assetstream.cli.view.doctor import is_broken, machine_only, needed_modules

    if sys.argv[1:2] == ["doctor"] and is_broken():
        return machine_only(sys.stdout, as_json="--json" in sys.argv)
    if isinstance(error, ImportError) and missing in {*needed_modules(), "websockets"}:
        print(f"Error: {error}", file=sys.stderr)
        return WRONG_USAGE
    return None
