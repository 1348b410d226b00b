"""What is true of whatever an exchange may send; ``tests.programs.fuzz`` goes on."""

from __future__ import annotations

import itertools
import json
import random
import re
from pathlib import Path
from typing import Any, Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assetstream.exchanges.upbit.conversation import UpbitConversation
from assetstream.protocol import Instant, Step
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
    """Draw a sample, changed several times over."""
    data = draw(st.sampled_from(SAMPLES[target]))
    source = random.Random(draw(st.integers(0, 2**32)))
    for _ in range(draw(st.integers(1, 4))):
        data = mutate(target, data, source)
    return data


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_every_sample_keeps_the_properties(target: str) -> None:
    """What the fuzzer begins with."""
    for data in SAMPLES[target]:
        TARGETS[target].check(data)


@given(data=mutants("adapters"))
@settings(deadline=None, max_examples=150)
def test_changed_frames_become_exact_steps(data: bytes) -> None:
    """K5: exact amounts of the wire, or a doubt; nothing is raised, nothing is lost."""
    TARGETS["adapters"].check(data)


@given(
    name=st.sampled_from(sorted(SPECS)),
    format=st.sampled_from(FORMATS),
    acks=st.sampled_from(PHASES),
    frames=st.lists(texts, max_size=4),
)
@example(name="upbit", format="JSON_LIST", acks=0, frames=[b"[]"])
@settings(deadline=None, max_examples=200)
def test_any_frames_become_exact_steps(
    name: str, format: str, acks: int, frames: list[bytes]
) -> None:
    """The same of what is not even like a sample, in each phase."""
    check_frames(name, format, acks, frames)


@given(data=mutants("rest"))
@settings(deadline=None, max_examples=150)
def test_changed_answers_are_snapshots_or_errors(data: bytes) -> None:
    """S2: every entry is among the balances or known to be unreadable."""
    TARGETS["rest"].check(data)


@given(
    name=st.sampled_from(sorted(SPECS)),
    status=st.integers(100, 999),
    headers=st.dictionaries(
        st.sampled_from(["retry-after", "date"]), st.text(max_size=30)
    ),
    body=texts,
)
@settings(deadline=None, max_examples=150)
def test_any_answers_are_snapshots_or_errors(
    name: str, status: int, headers: dict[str, str], body: bytes
) -> None:
    """The same of any status, headers and body."""
    check_answer(name, status, headers, body)


@given(
    frames=st.lists(st.sampled_from(STREAM) | st.binary(max_size=40), max_size=12),
    sizes=st.lists(st.integers(1, 300), max_size=6),
)
@settings(deadline=None, max_examples=120)
def test_any_stream_is_read_as_the_library_reads_it(
    frames: list[bytes], sizes: list[int]
) -> None:
    """Frames, broken frames and noise, cut anywhere."""
    check_stream(b"".join(frames), sizes)


@given(data=mutants("frames"))
@settings(deadline=None, max_examples=80)
def test_changed_streams_are_read_as_the_library_reads_them(data: bytes) -> None:
    """Bits, bytes and frames added, dropped and doubled."""
    TARGETS["frames"].check(data)


@given(data=mutants("control"))
@settings(deadline=None, max_examples=80)
def test_changed_pings_and_pongs_are_answered_and_counted(data: bytes) -> None:
    """Whatever they hold, and between the fragments of a message."""
    TARGETS["control"].check(data)


@given(target=st.sampled_from(["head", "chunked"]), data=st.data())
@settings(deadline=None, max_examples=150)
def test_changed_answers_to_an_upgrade_are_read_the_same_however_cut(
    target: str, data: st.DataObject
) -> None:
    """Without cookies, and as ``http.client`` reads them."""
    TARGETS[target].check(data.draw(mutants(target)))


def test_a_cookie_behind_a_bare_line_feed_is_none_for_the_library() -> None:
    """Found by the fuzzer: the library ends lines there, and has a jar for all."""
    answer = b"HTTP/1.1 101 X\r\nX-Odd: 1\nSet-Cookie: a=b\n\r\nUpgrade: websocket"
    found = outcome(answer + b"\r\n\r\n", ())

    assert found == (
        {"x-odd": "1", "upgrade": "websocket"},
        b"HTTP/1.1 101 X\r\nX-Odd: 1\r\nUpgrade: websocket\r\n\r\n",
        b"",
    )


def test_a_batch_that_says_something_else_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As by a fast path that loses what is behind a frame that it cannot take."""
    plain = UpbitConversation.received

    def hasty(
        self: UpbitConversation, frames: Sequence[bytes], instant: Instant
    ) -> Sequence[Step]:
        taken = itertools.takewhile(lambda frame: b"myAsset" in frame, frames)
        return plain(self, list(taken) or frames[:1], instant)

    monkeypatch.setattr(UpbitConversation, "received", hasty)
    frames = [SPECS["upbit"].push, SPECS["upbit"].other, SPECS["upbit"].push]
    check_batches("upbit", "DEFAULT", 1, frames[:1] * 3)
    with pytest.raises(AssertionError, match="a batch says something else"):
        check_batches("upbit", "DEFAULT", 1, frames)


def test_a_finding_is_written_once_for_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes that reproduce it are kept, and can be run again."""

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
    """Without atheris it is the random mutator, and the same seed is the same run."""
    monkeypatch.setattr("tests.programs.fuzz.loop.find_spec", lambda name: None)
    arguments = ["--target", "rest", "--seconds", "0", "--findings", str(tmp_path)]

    assert main([*arguments, "--seed", "3"]) == 0
    line = capsys.readouterr().out
    assert line.startswith("rest: ")
    assert "0 unique findings, coverage features unknown, random mutator" in line


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_the_command_is_guided_where_it_can_be(target: str, tmp_path: Path) -> None:
    """By coverage: the line says so, and how much there was."""
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
    """It parts the inputs; JSON would escape it."""
    assert not any(
        SEPARATOR in text for spec in SPECS.values() for text in (*spec.acks, spec.push)
    )
