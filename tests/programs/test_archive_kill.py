"""``python -m tests.programs.archive_kill``: a few kills."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.programs.archive_kill import run

pytestmark = pytest.mark.programs


def test_h4_a_kill_costs_less_than_a_second_and_no_file(tmp_path: Path) -> None:
    """Each goes on with what the last has left; what came after is not known."""
    found = run(3, tmp_path / "balances.db", random.Random(1))

    assert (found.rounds, found.broken, found.wrong) == (3, 0, [])
    assert found.rows > 0
    assert "broken files                0" in str(found)
