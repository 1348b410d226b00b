"""``python -m tests.programs.kernel_losses``: the careful ways, in a kernel each."""

from __future__ import annotations

from typing import Callable

import pytest

from tests.programs.kernel_losses import (
    Client,
    count,
    interrupted_at_output,
    next_after_reply,
)

pytestmark = pytest.mark.programs


@pytest.mark.parametrize("way", [next_after_reply, interrupted_at_output])
def test_a_kernel_that_is_used_with_care_loses_nothing(
    way: Callable[[Client], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Five cells show that the program works; to count is its own business."""
    assert count(way, runs=1, cells=5) == 0
    assert capsys.readouterr().out.split()[-3:] == ["1", "5", "0"]
