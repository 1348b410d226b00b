"""Every rule that keeps the promise has tests named after its label."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
PACKAGE = HERE.parent / "assetstream"

RULES = {
    *("W1", "W2", "T1", "T2", "R1"),
    *("K1", "K2", "K3", "K4", "K5", "K6"),
    *("S1", "S2", "S3", "S4"),
    *("A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "A9"),
    *("L1", "L2", "L3", "L4", "L5", "L6", "L7"),
    *("D1", "D2", "D3", "D4", "D5"),
    *("H1", "H2", "H3", "H4", "H5", "H6", "H7"),
    # Of what is shared by several machines.
    *("O1", "O2", "O3", "O4", "O5", "O6", "O7"),
    *("P1", "P2", "P3", "P4"),
    *("F1", "F2", "F3", "F4", "F5"),
    *("V1", "V2", "V3", "V4", "V5", "V6", "V7"),
}


def labels(folder: Path, files: str, label: str) -> set[str]:
    """Return all that the pattern ``label`` finds in the files of a folder."""
    return {
        found.upper()
        for path in folder.rglob(files)
        for found in re.findall(label, path.read_text(encoding="utf-8"))
    }


def test_every_rule_is_tested() -> None:
    """The name of a test begins with the rule's label."""
    assert labels(HERE, "test_*.py", r"def test_([a-z]\d)_\w") >= RULES


def test_every_rule_is_named_where_it_is_kept() -> None:
    """The code that keeps a rule names its label."""
    assert labels(PACKAGE, "*.py", r"\b[A-Z]\d\b") >= RULES
