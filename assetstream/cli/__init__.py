"""The command line, ``assetstream watch upbit``. It needs the extra ``cli``."""

from __future__ import annotations

import sys

__all__ = ["main"]

EXTRA = frozenset({"click", "rich", "tomli"})
#: What a shell says of a program that Ctrl-C ended.
INTERRUPTED = 130


def main() -> None:
    """Run the command line, or say which extra is missing."""
    # Imported here: the entry point exists without the extra too, and has to answer.
    try:
        from assetstream.cli.commands import assetstream

        assetstream(prog_name="assetstream")
    except ModuleNotFoundError as exc:
        missing = (exc.name or "").partition(".")[0]
        if missing in EXTRA:
            said = (
                f"The assetstream command needs the package {missing}: "
                'pip install "assetstream[cli]"'
            )
        elif missing == "websockets":  # the simulator's own words
            said = f"Error: {exc}"
        else:
            raise
        print(said, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:  # while it was imported
        sys.exit(INTERRUPTED)
