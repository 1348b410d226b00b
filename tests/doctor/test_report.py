"""The report: a sequence of checks that prints as text."""

from __future__ import annotations

import pickle

import pytest

from assetstream import Check, Diagnosis, Verdict
from assetstream.doctor.report import WIDTH, lines, worst

GREEN = Check("TCP", Verdict.GREEN, "connected")
YELLOW = Check("clock", Verdict.YELLOW, "it is late", ("Set it.",), 0.5)
RED = Check("REST", Verdict.RED, "refused", ("Do this first.", "Or that."))
SKIPPED = Check("ping", Verdict.SKIPPED, "REST is red")


@pytest.mark.parametrize(
    ("checks", "verdict"),
    [
        ([], "GREEN"),
        ([SKIPPED], "SKIPPED"),
        ([GREEN, SKIPPED], "GREEN"),
        ([YELLOW, GREEN], "YELLOW"),
        ([GREEN, RED, YELLOW, SKIPPED], "RED"),
    ],
)
def test_the_worst_counts(checks: list[Check], verdict: str) -> None:
    """A skipped step does not lower the verdict."""
    assert worst(checks).value == verdict
    assert Diagnosis("upbit", "mine", checks).verdict.value == verdict


def test_it_is_a_sequence() -> None:
    """The checks are in order; the report can be pickled."""
    diagnosis = Diagnosis("upbit", "mine", [GREEN, RED])

    assert list(diagnosis) == [GREEN, RED]
    assert diagnosis[-1] is RED
    assert list(diagnosis[:1]) == [GREEN]
    assert RED in diagnosis
    assert len(diagnosis) == 2
    assert pickle.loads(pickle.dumps(diagnosis)) == diagnosis
    assert hash(diagnosis) == hash(Diagnosis("upbit", "mine", (GREEN, RED)))
    assert diagnosis != [GREEN, RED]


def test_it_prints_as_a_report() -> None:
    """Each check has a line, with its remedies below."""
    assert repr(Diagnosis("upbit", "mine", [GREEN, RED, SKIPPED])).splitlines() == [
        "Diagnosis of mine: RED",
        "  GREEN    TCP           connected",
        "  RED      REST          refused",
        "                         -> Do this first.",
        "                         -> Or that.",
        "  SKIPPED  ping          REST is red",
    ]


def test_long_texts_are_wrapped() -> None:
    """Lines are indented and never cut a word, which may be a command."""
    word = "x" * 200
    check = Check("REST", Verdict.RED, "a few words " * 30, (f"Run {word}.",))
    text_lines = list(lines(check, WIDTH))

    assert all(len(line) <= WIDTH for line in text_lines if word not in line)
    assert any(word in line for line in text_lines)
    assert all(line.startswith(" " * 25) for line in text_lines[1:])
    assert len(list(lines(check))) == 2
