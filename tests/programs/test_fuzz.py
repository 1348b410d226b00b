"""Properties of any bytes of an exchange; ``tests.programs.fuzz`` tries more."""

from __future__ import annotations

import itertools
import json
import random
import re
from pathlib import Path
from typing import Any, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assetstream.exchanges.upbit.conversation import UpbitConversation
from assetstream.protocol import Instant, Step
from tests.exchanges.upbit.fuzz import FORMATS as FORMS
from tests.programs.fuzz.__main__ import main
from tests.programs.fuzz.adapters import FORMATS, PHASES, check_batches, check_frames
from tests.programs.fuzz.corpus import SEPARATOR, STREAM, TARGETS, seeds
from tests.programs.fuzz.frames import check_stream
from tests.programs.fuzz.loop import Findings
from tests.programs.fuzz.mutation import NAMES, VALUES, Literal, Members, mutate, write
from tests.programs.fuzz.rest import check_answer
from tests.programs.fuzz.upgrade import outcome
from tests.support.processes import Program
from tests.support.specs import SPECS

SAMPLES = {target: seeds(target) for target in TARGETS}

values = st.recursive(
    st.sampled_from(VALUES).map(Literal) | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(st.tuples(st.sampled_from(NAMES), inner), max_size=6).map(Members)
    ),
    max_leaves=12,
)
#: JSON of any kind, numbers in any spelling, names also twice; and what is none.
texts = values.map(lambda value: write(value).encode(errors="replace")) | st.binary(
    max_size=60
)


@st.composite
def mutants(draw: st.DrawFn, target: str) -> bytes:
    """Draw a sample that was changed several times."""
    data = draw(st.sampled_from(SAMPLES[target]))
    source = random.Random(draw(st.integers(0, 2**32)))
    for _ in range(draw(st.integers(1, 4))):
        data = mutate(target, data, source)
    return data


@pytest.mark.programs
@pytest.mark.parametrize("target", sorted(TARGETS))
def test_every_sample_keeps_the_properties(target: str) -> None:
    """Every seed of the fuzzer keeps the properties."""
    for data in SAMPLES[target]:
        TARGETS[target].check(data)


@pytest.mark.programs
@given(data=mutants("adapters"))
def test_changed_frames_become_exact_steps(data: bytes) -> None:
    """K5: a changed frame gives exact amounts or a doubt, and never raises."""
    TARGETS["adapters"].check(data)


@given(
    name=st.sampled_from(sorted(SPECS)),
    format=st.sampled_from(FORMATS),
    acks=st.sampled_from(PHASES),
    frames=st.lists(texts, max_size=4),
)
@example(name="upbit", format=FORMS.index("JSON_LIST"), acks=0, frames=[b"[]"])
def test_any_frames_become_exact_steps(
    name: str, format: int, acks: int, frames: list[bytes]
) -> None:
    """Frames unlike any sample give exact amounts or a doubt, in each phase."""
    check_frames(name, format, acks, frames)


@pytest.mark.programs
@given(data=mutants("rest"))
def test_changed_answers_are_snapshots_or_errors(data: bytes) -> None:
    """S2: each entry is a balance or is known to be unreadable."""
    TARGETS["rest"].check(data)


@given(
    name=st.sampled_from(sorted(SPECS)),
    status=st.integers(100, 999),
    headers=st.dictionaries(
        st.sampled_from(["retry-after", "date"]), st.text(max_size=30)
    ),
    body=texts,
)
def test_any_answers_are_snapshots_or_errors(
    name: str, status: int, headers: dict[str, str], body: bytes
) -> None:
    """Any status, headers and body give a snapshot or one of our errors."""
    check_answer(name, status, headers, body)


@given(
    frames=st.lists(st.sampled_from(STREAM) | st.binary(max_size=40), max_size=12),
    sizes=st.lists(st.integers(1, 300), max_size=6),
)
def test_any_stream_is_read_as_the_library_reads_it(
    frames: list[bytes], sizes: list[int]
) -> None:
    """Frames, broken frames and noise, cut anywhere, are read the same."""
    check_stream(b"".join(frames), sizes)


@pytest.mark.programs
@given(data=mutants("frames"))
def test_changed_streams_are_read_as_the_library_reads_them(data: bytes) -> None:
    """Streams with bits, bytes or frames changed are read the same."""
    TARGETS["frames"].check(data)


@pytest.mark.programs
@given(data=mutants("control"))
def test_changed_pings_and_pongs_are_answered_and_counted(data: bytes) -> None:
    """Pings and pongs of any content are answered, between fragments too."""
    TARGETS["control"].check(data)


@pytest.mark.programs
@given(target=st.sampled_from(["head", "chunked"]), data=st.data())
def test_changed_answers_to_an_upgrade_are_read_the_same_however_cut(
    target: str, data: st.DataObject
) -> None:
    """Cookies are left out, and all else is as ``http.client`` reads it."""
    TARGETS[target].check(data.draw(mutants(target)))


def test_a_cookie_behind_a_bare_line_feed_is_none_for_the_library() -> None:
    """The library ends a header at a bare line feed: the fuzzer found this cookie."""
    answer = b"HTTP/1.1 101 X\r\nX-Odd: 1\nSet-Cookie: a=b\n\r\nUpgrade: websocket"
    found = outcome(answer + b"\r\n\r\n", ())

    assert found == (
        {"x-odd": "1", "upgrade": "websocket"},
        b"HTTP/1.1 101 Accepted\r\nUpgrade: websocket\r\n\r\n",
        b"",
    )


def test_a_batch_with_another_result_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fast reader that loses the frames behind an odd one is found."""
    plain = UpbitConversation.received

    def hasty(
        self: UpbitConversation, frames: Sequence[bytes], instant: Instant
    ) -> Sequence[Step]:
        taken = itertools.takewhile(lambda frame: b"myAsset" in frame, frames)
        return plain(self, list(taken) or frames[:1], instant)

    monkeypatch.setattr(UpbitConversation, "received", hasty)
    frames = [SPECS["upbit"].push, SPECS["upbit"].other, SPECS["upbit"].push]
    check_batches("upbit", FORMS.index("DEFAULT"), 1, frames[:1] * 3)
    with pytest.raises(AssertionError, match="a batch says something else"):
        check_batches("upbit", FORMS.index("DEFAULT"), 1, frames)


def test_a_finding_is_written_once_for_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file holds the bytes, which can be run again."""

    def check(data: bytes) -> None:
        json.loads(data)

    changed: Any = TARGETS["rest"]._replace(check=check)
    monkeypatch.setitem(TARGETS, "rest", changed)
    findings = Findings("rest", tmp_path)
    for data in (b"1", b"x", b"y"):
        findings.run(data)
    (kept,) = tmp_path.iterdir()

    assert (findings.executions, len(findings)) == (3, 1)
    assert kept.read_bytes() == b"x"
    assert str(kept) in capsys.readouterr().out
    with pytest.raises(json.JSONDecodeError):
        main(["--replay", str(kept)])


def test_the_command_prints_its_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without atheris the command mutates at random; one seed gives one run."""
    monkeypatch.setattr("tests.programs.fuzz.loop.find_spec", lambda name: None)
    arguments = ["--target", "rest", "--seconds", "0", "--findings", str(tmp_path)]

    assert main([*arguments, "--seed", "3"]) == 0
    line = capsys.readouterr().out
    assert line.startswith("rest: ")
    assert "0 unique findings, coverage features unknown, random mutator" in line


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_the_command_is_guided_where_it_can_be(target: str, tmp_path: Path) -> None:
    """With atheris the line of figures has the coverage."""
    pytest.importorskip("atheris", reason="it has no wheels for some systems")
    arguments = ["--target", target, "--seconds", "2", "--findings", str(tmp_path)]
    with Program("-m", "tests.programs.fuzz", *arguments) as running:
        line = running.wait_for(f"{target}: ")
        assert running.finish() == 0, running.output

    found = re.search(r"(\d+) executions, .* coverage features (\d+), atheris", line)
    assert found is not None, line
    assert int(found[1]) >= len(seeds(target))
    assert int(found[2]) > 50
    assert list(tmp_path.iterdir()) == []


def test_a_separator_is_in_no_sample() -> None:
    """The byte that separates inputs is in none of them; JSON would escape it."""
    assert not any(
        SEPARATOR in text for spec in SPECS.values() for text in (*spec.acks, spec.push)
    )
