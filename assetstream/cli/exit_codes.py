"""Exit codes that several commands share."""

from __future__ import annotations

__all__ = ["INTERRUPTED", "WRONG_USAGE"]

#: Click's own, for wrong usage.
WRONG_USAGE = 2
#: A shell's, for Ctrl-C.
INTERRUPTED = 130
