"""What every test stands on: no thread and no socket may be left behind."""

from __future__ import annotations

import gc
import threading
import time
from typing import Iterator

import pytest

#: The longest that a test waits for anything at all, seconds.
PATIENCE = 10.0


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    """Fail the test that leaks a thread; an unclosed socket is a warning, so an error."""
    before = set(threading.enumerate())
    yield
    # A thread that was told to end may need a moment to do so; none may stay.
    deadline = time.monotonic() + 2.0
    left = set(threading.enumerate()) - before
    for thread in left:
        thread.join(max(0.0, deadline - time.monotonic()))
    gc.collect()
    left = {thread for thread in left if thread.is_alive()}
    assert not left, f"threads left behind: {sorted(t.name for t in left)}"
