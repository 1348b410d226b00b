"""Every rule that keeps the promise has tests named after its label."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PACKAGE = HERE.parent / "assetstream"

RULES = [
    *("W1", "W2", "R1"),
    *("K1", "K2", "K3", "K4", "K5"),
    *("S1", "S2", "S3"),
    *("A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8"),
    *("L1", "L2", "L3", "L4"),
    *("D1", "D2", "D3"),
]


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_tested(rule: str) -> None:
    """The name of a test begins with the rule's label."""
    tests = [
        found
        for path in HERE.rglob("test_*.py")
        for found in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))
    ]

    assert any(test.startswith(f"test_{rule.lower()}_") for test in tests)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_named_where_it_is_kept(rule: str) -> None:
    """The code that keeps a rule names its label."""
    code = [path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")]

    assert any(re.search(rf"\b{rule}\b", text) for text in code)
