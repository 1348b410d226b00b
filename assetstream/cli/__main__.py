"""``python -m assetstream.cli``: the command line, script or no script."""

from __future__ import annotations

from assetstream.cli import main

main()
