"""Reading a tape back."""

from __future__ import annotations

from pathlib import Path

import pytest

from assetstream import ConfigurationError
from assetstream.recording.tape import pack, payload, read_tape, written

HEADER = (
    '{"tape": 1, "exchange": "coinw", "options": {}, "began": "2026-11-25T10:00:00Z", '
    '"assetstream": "0.1.0", "scrambled": false}\n'
)
OPENED = '{"at": 1, "kind": "opened"}\n'
END = '{"at": 2.5, "kind": "end"}\n'


def test_frames_come_back_to_the_byte() -> None:
    """Texts keep their line breaks; other bytes are base64."""
    for data in (b"", b'{"a": "\xed\x95\x9c\\n"}\n', b"\xff\x00", "\u2028".encode()):
        line = written({"at": 0, "kind": "received", **pack(data)})
        assert payload(pack(data)) == data
        assert line.count(b"\n") == 1


def test_a_whole_tape(tmp_path: Path) -> None:
    """A tape has a header and its lines."""
    path = tmp_path / "tape"
    path.write_text(HEADER + OPENED + END)
    tape = read_tape(path)

    assert tape.header.exchange == "coinw"
    assert [(line.at, line.kind) for line in tape.lines] == [
        (1.0, "opened"),
        (2.5, "end"),
    ]
    assert not tape.cut_off


@pytest.mark.parametrize("end", ["", '{"at": 3, "ki', '{"at": 3, "kind": "rec'])
def test_a_tape_that_was_cut_off_is_read_so_far(tmp_path: Path, end: str) -> None:
    """A process may be killed in the middle of a line."""
    path = tmp_path / "tape"
    path.write_text(HEADER + OPENED + end)
    tape = read_tape(path)

    assert [line.kind for line in tape.lines] == ["opened"]
    assert tape.cut_off


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is no tape"),
        ("\x7fELF", "is no tape"),
        (HEADER.replace('"tape": 1', '"tape": 7'), "tape of form 7"),
        (HEADER + "broken\n" + OPENED, "line 2: not a line of a tape"),
        (HEADER + '{"kind": "opened"}\n' + OPENED, "line 2"),
    ],
)
def test_what_is_no_tape_is_refused(tmp_path: Path, content: str, words: str) -> None:
    """The error has the line, if there is one."""
    path = tmp_path / "tape"
    path.write_text(content)

    with pytest.raises(ConfigurationError, match=words):
        read_tape(path)
