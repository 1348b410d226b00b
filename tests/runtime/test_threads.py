"""The threads of one stream or of many."""

from __future__ import annotations

import math
import selectors
import threading
from typing import Iterator

import pytest

from assetstream.runtime import threads as module
from assetstream.runtime.loop.waits import Deadline
from assetstream.runtime.reader_thread import ReaderThread
from assetstream.runtime.threads import ThreadSet
from tests.support.event_recorder import PATIENCE
from tests.support.sockets import open_sockets


class Owner:
    """A stand-in for a stream on a reader thread."""

    deadline = math.inf

    def due(self) -> None: ...


@pytest.fixture
def threads() -> Iterator[ThreadSet]:
    """Give a thread set that must leave no thread and no socket."""
    before = open_sockets()
    threads = ThreadSet("test", 2)
    threads.start()
    yield threads
    threads.stop()
    assert threads.join(Deadline(PATIENCE))
    assert not any(thread.is_alive() for thread in threads.threads)
    assert open_sockets() == before


def reader_of(threads: ThreadSet) -> ReaderThread:
    reader = threads.reader_thread()
    assert reader is not None
    return reader


def names(threads: ThreadSet) -> list[str]:
    return [thread.name.removeprefix("assetstream-") for thread in threads.threads]


def test_threads_are_named_after_what_they_do(threads: ThreadSet) -> None:
    """Several threads of a kind are numbered."""
    assert names(threads) == ["test-callbacks-1", "test-callbacks-2"]
    reader_of(threads)
    called = threading.Event()
    threads.shared.helpers.start("here", called.set)
    assert called.wait(PATIENCE)
    assert sorted(names(threads)) == [
        "test-callbacks-1",
        "test-callbacks-2",
        "test-helper-1",
        "test-reader",
    ]
    assert names(ThreadSet("alone")) == ["alone-callbacks"]


def test_one_reader_serves_all(
    threads: ThreadSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With select() alone there are more readers, as each takes few sockets."""
    first, owners = reader_of(threads), [Owner() for _ in range(3)]
    for owner in owners:
        assert reader_of(threads) is first
        first.add(owner, lambda error: None)

    monkeypatch.setattr(selectors, "DefaultSelector", selectors.SelectSelector)
    monkeypatch.setattr(module, "SELECT_STREAMS", 3)
    second = reader_of(threads)
    assert second is not first
    assert second.thread.name == "assetstream-test-reader-2"
    first.leave(owners.pop())
    assert reader_of(threads) is first
    for owner in owners:
        first.leave(owner)


def test_a_dead_reader_is_replaced(threads: ThreadSet) -> None:
    """Streams can be added to the new reader."""
    first = reader_of(threads)
    first.calls.post(lambda: 1 // 0)  # type: ignore[arg-type, return-value]
    first.thread.join(PATIENCE)
    assert reader_of(threads) is not first


def test_no_thread_for_a_reader(
    threads: ThreadSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call raises and leaves nothing; a later one may succeed."""

    def no_thread(thread: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_thread)
        before = open_sockets()
        with pytest.raises(RuntimeError):
            threads.reader_thread()
        assert open_sockets() == before
    reader_of(threads)


def test_they_end_when_the_last_stream_has_left() -> None:
    """After ``stop`` no stream can be added; posted calls still run."""
    emptied = threading.Event()
    threads = ThreadSet("test", 1, emptied.set)
    threads.start()
    reader, owner = reader_of(threads), Owner()
    assert reader.add(owner, lambda error: None)
    threads.stop()
    assert threads.reader_thread() is None
    assert not reader.add(Owner(), lambda error: None)
    assert not threads.join(Deadline(0.05))
    assert not emptied.is_set()

    reader.leave(owner)
    assert emptied.is_set()
    assert threads.released.happened
    assert threads.join(Deadline(PATIENCE))


def test_streams_without_a_socket_have_one_reader(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However few sockets the system's selector serves."""
    monkeypatch.setattr(module, "most_streams", lambda: 0)
    shared = ThreadSet("test", sockets=False)
    shared.start()

    assert shared.reader_thread() is shared.reader_thread()

    shared.stop()
    assert shared.join(Deadline(PATIENCE))
