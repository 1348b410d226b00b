"""A permit that one caller at a time can hold."""

from __future__ import annotations

import threading

from assetstream.runtime.loop.permit import Permit


def test_one_of_many_threads_gets_it() -> None:
    """Another thread gets it once it was given back."""
    permit, taken = Permit(), list[bool]()
    assert permit.free
    for _ in range(2):
        threads = [
            threading.Thread(target=lambda: taken.append(permit.take()))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not permit.free
        permit.give_back()

    assert sorted(taken) == [False] * 14 + [True] * 2
