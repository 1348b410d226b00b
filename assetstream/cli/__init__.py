"""The command line, ``assetstream watch upbit``. It needs the extra ``cli``."""

from __future__ import annotations

import sys

__all__ = ["main"]

EXTRA = frozenset({"click", "rich"})


def main() -> None:
    """Run the command line, or say which extra it needs or which library is broken."""
    # Imported here: the entry point exists without the extra too, and has to answer.
    try:
        from assetstream.cli.commands import assetstream
    except Exception as exc:
        code = _explain(exc)
        if code is None:
            raise
        sys.exit(code)
    assetstream(prog_name="assetstream")


def _explain(error: Exception) -> int | None:
    """Say why the commands cannot be imported; None if that is a fault of ours."""
    missing = str(getattr(error, "name", None) or "").partition(".")[0]
    if missing in EXTRA:
        print(
            f"The assetstream command needs the package {missing}: "
            'pip install "assetstream[cli]"',
            file=sys.stderr,
        )
        return 2
    from assetstream.cli.checkup import is_broken, machine_only, needed_modules

    if sys.argv[1:2] == ["doctor"] and is_broken():
        return machine_only(sys.stdout, as_json="--json" in sys.argv)
    if isinstance(error, ImportError) and missing in needed_modules():
        print(f"Error: {error}", file=sys.stderr)
        return 2
    return None
