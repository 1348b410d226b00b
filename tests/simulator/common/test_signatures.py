"""How exchanges compare what they were given."""

from __future__ import annotations

import pytest

from assetstream.simulator.common.signatures import same


@pytest.mark.parametrize(
    ("given", "expected"),
    [("secret", True), ("Secret", False), ("", False), ("s\u00e9cret", False)],
)
def test_only_the_same_text_is_the_same(given: str, expected: bool) -> None:
    """A client may send letters that no secret has."""
    assert same("secret", given) is expected
