"""``python -m tests.programs.kernel_losses``: the careful ways, in a kernel each."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.programs


@pytest.mark.parametrize("way", ["next_after_reply", "interrupted_at_output"])
def test_a_kernel_that_is_used_with_care_loses_nothing(
    way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Five cells show that the program works; to count is its own business."""
    # Imported here: it is slow, also for a run without a kernel.
    from tests.programs import kernel_losses

    assert kernel_losses.count(getattr(kernel_losses, way), runs=1, cells=5) == 0
    assert capsys.readouterr().out.split()[-3:] == ["1", "5", "0"]
