"""The command line, ``assetstream watch upbit``. It needs the extra ``cli``."""

from __future__ import annotations

import sys

__all__ = ["main"]

EXTRA = frozenset({"click", "rich", "tomli"})
#: What a shell says of a program that Ctrl-C ended.
INTERRUPTED = 130


def main() -> None:
    """Run the command line, or say which extra it needs."""
    # Imported here: the entry point exists without the extra too, and has to answer.
    try:
        from assetstream.cli.commands import assetstream

        assetstream(prog_name="assetstream")
    except ModuleNotFoundError as exc:
        missing = (exc.name or "").partition(".")[0]
        if missing not in EXTRA:
            raise
        print(
            f"The assetstream command needs the package {missing}: "
            'pip install "assetstream[cli]"',
            file=sys.stderr,
        )
        sys.exit(2)
    except KeyboardInterrupt:  # while it was imported
        sys.exit(INTERRUPTED)
