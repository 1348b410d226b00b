"""The chaos of shared accounts condemns what is wrong, and strikes what is right."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.programs.chaos.remote.truth import Course, Reading
from tests.programs.chaos.remote.watch import Tokens
from tests.support.processes import ROOT

A = "account-0"


def course() -> Course:
    """Make the course of an account: 1000 until 10.0, 1001 until 20.0, then 1002."""
    made = Course([A])
    made.change(A, 10.0)
    made.change(A, 20.0)
    return made


@pytest.mark.parametrize(
    ("at", "value", "age", "good"),
    [
        (25.0, "1002", 0.1, True),
        (20.5, "1001", 0.6, True),
        (20.5, "1001", 0.3, False),
        (12.9, "1000", 3.0, True),
        # Its age admits it, but the horizon does not.
        (13.5, "1000", 4.0, False),
        (25.0, "999", 0.1, True),
    ],
)
def test_a_reading_must_have_been_true_within_its_age(
    at: float, value: str, age: float, good: bool
) -> None:
    """And within the horizon, whatever its age is said to be."""
    found = course().judge([Reading(at, 0.001, A, value, age)], 0.1)

    assert found.readings == 1
    assert bool(found.wrong) is not good


def test_a_reading_during_which_its_reader_slept_proves_nothing() -> None:
    """The age is of another time than the value."""
    found = course().judge([Reading(20.5, 0.5, A, "1000", 0.0)], 0.1)
    assert (found.readings, found.wrong, found.slow) == (0, [], 1)


def test_an_owner_may_be_patient_for_a_moment_after_a_cut() -> None:
    """A read differs from a push of just before: it waits for another one."""
    reading = Reading(22.0, 0.001, A, "1001", 0.6)
    made = course()
    assert made.judge([reading], 0.1).wrong

    made.cut(A, 20.5)
    found = made.judge([reading], 0.1)
    assert (found.wrong, found.patient) == ([], 1)
    late = Reading(30.0, 0.001, A, "1001", 0.6)
    assert made.judge([late], 0.1).wrong


def test_how_old_the_oldest_was_is_told() -> None:
    """Of all that were judged."""
    readings = [Reading(at, 0.001, A, "1000", 2.0) for at in (9.0, 11.5, 10.5)]
    assert course().judge(readings, 0.1).oldest == 1.5


def test_a_token_of_two_owners_is_condemned() -> None:
    """And a new one that is lower; an old one comes back with an old replica."""
    tokens = Tokens([A])
    for token, owner in [(1, "one"), (3, "two"), (3, ""), (4, "two"), (3, "two")]:
        tokens.look(A, token, owner, 0.0)
    assert (tokens.wrong, tokens.moves) == ([], 1)

    tokens.look(A, 4, "one", 0.0)
    tokens.look(A, 2, "one", 0.0)
    assert tokens.wrong == [f"{A}: token 4 of two and one", f"{A}: 2 is new, after 4"]


@pytest.mark.programs
def test_it_runs() -> None:
    """A few faults of each engine's; what it prints ends with the figures."""
    command = [sys.executable, "-m", "tests.programs.chaos", "--remote"]
    done = subprocess.run(
        [*command, "--faults", "3", "--accounts", "2", "--readers", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 wrong, " in done.stdout
