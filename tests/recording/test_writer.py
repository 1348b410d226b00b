"""The thread that writes a tape, for which nobody waits."""

from __future__ import annotations

import json
import logging
import os
import stat
import threading
from pathlib import Path
from typing import Any, Iterator, Mapping, Sequence

import pytest

from assetstream import CoinW, ConfigurationError
from assetstream.recording import writer as room
from assetstream.recording.entries import mark
from assetstream.recording.mask import Mask
from assetstream.recording.writer import Writer, create
from tests.support.event_recorder import PATIENCE
from tests.support.groups import wait_until
from tests.support.logging_handlers import RaisingHandler, logging_to


def make(file: int) -> Writer:
    """Make a writer to that descriptor."""
    mask = Mask(CoinW("k" * 20, "s" * 20), [], scramble=False)
    return Writer(file, {"tape": 1}, mask)


@pytest.fixture
def slow_disk() -> Iterator[tuple[Writer, Any]]:
    """Make a writer to a pipe that takes one byte at a time; return its reading end."""
    reading, writing = os.pipe()
    os.set_blocking(reading, True)
    with open(reading, "rb") as source:
        made = make(writing)
        yield made, source
        made.close()


def test_only_the_owner_reads_it(tmp_path: Path) -> None:
    """An existing file is replaced only on demand."""
    path = tmp_path / "tape"
    make(create(path, overwrite=False)).close()
    mode = stat.S_IMODE(path.stat().st_mode)
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match="exists already"):
        create(path, overwrite=False)
    os.close(create(path, overwrite=True))

    if os.name != "nt":
        assert mode == stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() == b""


def test_each_line_is_in_the_file_at_once(
    slow_disk: tuple[Writer, Any],
) -> None:
    """A killed process leaves every line."""
    made, source = slow_disk
    assert json.loads(source.readline()) == {"tape": 1}
    made.put(mark("opened"))

    line = json.loads(source.readline())
    assert line.pop("at") >= 0
    assert line == {"kind": "opened"}


def test_a_disk_that_hangs_holds_nobody_up(
    slow_disk: tuple[Writer, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines without room are counted where they are missing."""
    made, source = slow_disk
    many = room.BACKLOG * 3
    for _ in range(many):
        made.put(mark("pong"))
    assert made.lost > room.BACKLOG
    kinds: list[dict[str, Any]] = []
    reader = threading.Thread(
        target=lambda: kinds.extend(map(json.loads, source.readlines()))
    )
    reader.start()
    made.put(mark("closed"))
    made.close()
    reader.join(PATIENCE)

    pongs = sum(line.get("kind") == "pong" for line in kinds)
    lost = sum(line["count"] for line in kinds if line.get("kind") == "lost")
    closed = sum(line.get("kind") == "closed" for line in kinds)
    assert pongs + lost + closed == many + 1
    assert kinds[-1]["kind"] == "end"


def test_what_never_pauses_is_written_all_the_same(tmp_path: Path) -> None:
    """Lines are written without waiting for a pause."""

    def busy(mask: Mask) -> Sequence[Mapping[str, Any]]:
        made.put(busy)  # another one, before this one is done
        return mark("pong")(mask)

    made = make(os.open(tmp_path / "tape", os.O_WRONLY | os.O_CREAT))
    size = made.size
    made.put(busy)
    wait_until(lambda: made.size > size)
    made.close()

    assert (tmp_path / "tape").read_bytes().endswith(b'"end"}\n')


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has it")
def test_a_full_disk_ends_the_recording_and_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The error is logged once, and is an attribute."""
    with caplog.at_level(logging.ERROR):
        made = make(os.open("/dev/full", os.O_WRONLY))
        made.put(mark("opened"))
        made.close()
        made.put(mark("late"))

    assert isinstance(made.error, OSError)
    assert made.size == 0
    assert len(caplog.records) == 1
    assert "cannot be written" in caplog.text


def test_a_disk_that_hangs_to_the_end_is_an_error(
    slow_disk: tuple[Writer, Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An incomplete tape must not look whole."""
    made, source = slow_disk
    monkeypatch.setattr(room, "CLOSE_TIME", 0.05)
    for _ in range(room.BACKLOG):
        made.put(mark("pong"))
    made.close()

    assert isinstance(made.error, TimeoutError)
    assert "did not take the rest" in caplog.text
    source.readlines()  # lets its thread end


def test_what_cannot_be_recorded_costs_a_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault of ours is logged, and the recording goes on."""

    def broken(mask: Mask) -> Sequence[Mapping[str, Any]]:
        raise RuntimeError("a bug")

    made = make(create(tmp_path / "tape", overwrite=False))
    with caplog.at_level(logging.ERROR):
        made.put(broken)
        made.put(mark("opened"))
        made.close()

    written_lines = [
        json.loads(text) for text in (tmp_path / "tape").read_text().splitlines()
    ]
    assert [line["kind"] for line in written_lines[1:]] == ["lost", "opened", "end"]
    assert made.lost == 1
    assert "could not be recorded" in caplog.text


def test_d4_a_logging_handler_that_raises_ends_no_recording(tmp_path: Path) -> None:
    """The line that could not be recorded is counted, the next ones are written."""

    def broken(mask: Mask) -> Sequence[Mapping[str, Any]]:
        raise RuntimeError("a bug")

    handler = RaisingHandler()
    with logging_to(handler):
        made = make(create(tmp_path / "tape", overwrite=False))
        made.put(broken)
        made.put(mark("opened"))
        made.close()
    lines = (tmp_path / "tape").read_text().splitlines()[1:]
    assert [json.loads(text)["kind"] for text in lines] == ["lost", "opened", "end"]
    assert made.lost == 1
    assert handler.said("could not be recorded")
