"""``python -m assetstream``: the command line."""

from __future__ import annotations

from assetstream.cli import main

main()
