"""The queue that wakes a connection's thread."""

from __future__ import annotations

import selectors

from assetstream.simulator.action_queue import ActionQueue
from assetstream.simulator.messages import Kind, Message

MESSAGE = Message(Kind.PUSH, b"{}")


def test_everything_is_taken_in_its_order() -> None:
    """The receiver is quiet until the next action."""
    queue = ActionQueue()
    with selectors.DefaultSelector() as selector:
        selector.register(queue.receiver, selectors.EVENT_READ)
        assert not selector.select(0)
        queue.put(MESSAGE)
        queue.put(list)
        assert selector.select(0)
        assert queue.take() == [MESSAGE, list]
        assert not selector.select(0)
        assert queue.take() == []
        queue.put(MESSAGE)
        assert selector.select(0)
    queue.close()


def test_adding_after_the_end_does_no_harm() -> None:
    """A pushing thread does not know of the end."""
    queue = ActionQueue()
    queue.close()
    queue.put(MESSAGE)
    queue.put(MESSAGE)
