"""The calls of one frame are counted, so that nobody adds to them unseen."""

from __future__ import annotations

import pytest

from tests.programs.frame_trace import trace

#: Of the stream's threads; each more is one more at every push of every account.
MOST = {"reader": 35, "callbacks": 6}


@pytest.mark.programs
def test_a_frame_costs_no_more_calls() -> None:
    """Whoever needs more takes them elsewhere, or says why here."""
    found = trace()
    assert all(0 < len(found[thread]) <= most for thread, most in MOST.items()), found
