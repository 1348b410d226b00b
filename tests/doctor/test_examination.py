"""One examination: its time, its cancelling, and errors as outcomes."""

from __future__ import annotations

from typing import Iterator

import pytest

from assetstream import ConnectionLost, ExchangeError, Verdict
from assetstream.doctor.examination import Examination, Outcome, Subject, failure, skip
from assetstream.runtime.net.cancel import Cancelled
from tests.support.specs import make_coinw

GOOD = Outcome(Verdict.GREEN, "good")
#: A password that a proxy's URL may hold.
PROXY = "http://me:secret@proxy:8080"


@pytest.fixture
def examination() -> Iterator[Examination]:
    examination = Examination(Subject(make_coinw(), "mine", PROXY), 20.0)
    yield examination
    examination.close()


def test_an_errors_facts_become_an_outcome() -> None:
    """The problem is the finding, without the promise to try again."""
    error = ConnectionLost("it rains", remedy="Take an umbrella.")

    assert failure(error) == Outcome(Verdict.RED, "it rains", ("Take an umbrella.",))
    assert failure(ConnectionLost("it rains")).remedies == ()


def test_hints_go_before_their_summary() -> None:
    """Hints replace the summary, as they have more detail."""
    error = ExchangeError("refused", remedy="Look.", hints=("Look here.", "Or there."))

    assert failure(error).remedies == ("Look here.", "Or there.")


def test_what_a_step_raises_is_its_outcome(examination: Examination) -> None:
    """Our errors and the system's become outcomes."""

    def short() -> Outcome:
        raise OSError(24, "Too many open files")

    def lost() -> Outcome:
        raise ConnectionLost("it rains", remedy="Wait.")

    assert examination.judge("TCP", lost).finding == "it rains"
    check = examination.judge("TCP", short)
    assert check.verdict is Verdict.RED
    assert "Too many open files" in check.finding
    assert "limit of open files" in check.remedies[0]
    with pytest.raises(ZeroDivisionError):
        examination.judge("TCP", lambda: 1 // 0)  # type: ignore[arg-type,return-value]


def test_a_step_without_time_is_not_run() -> None:
    """A step without time is red; steps that need none still run."""
    examination = Examination(Subject(make_coinw(), "mine"), 0.0)
    check = examination.run("TCP", lambda: GOOD)

    assert check.verdict is Verdict.RED
    assert "not reached within 0 s" in check.finding
    assert examination.judge("key", lambda: GOOD).verdict is Verdict.GREEN
    examination.close()


def test_a_step_has_its_share_of_the_time(examination: Examination) -> None:
    """A step has its own limit, or what is left of the whole."""
    assert examination.time_for_step() == 10.0
    assert examination.time_for_step(3.0) == 3.0
    assert 19.0 < examination.time_for_step(60.0) <= 20.0


def test_cancelling_calls_those_that_wait(examination: Examination) -> None:
    """Open blocks, and blocks opened later, are cancelled."""
    calls: list[str] = []
    with examination.on_cancel(lambda: calls.append("over")):
        pass
    with examination.on_cancel(lambda: calls.append("open")):
        examination.raise_if_cancelled()
        examination.cancel()
    with examination.on_cancel(lambda: calls.append("late")):
        pass

    assert calls == ["open", "late"]
    with pytest.raises(Cancelled):
        examination.raise_if_cancelled()
    with pytest.raises(Cancelled):
        examination.cancel_token.check()


def test_a_skipped_step_has_a_reason() -> None:
    """A skipped step has a reason and no remedy."""
    check = skip("ping", "not open")

    assert (check.verdict, check.finding) == (Verdict.SKIPPED, "not open")
    assert check.remedies == ()


def test_a_subject_shows_no_secret(examination: Examination) -> None:
    """The repr hides a proxy's URL, which may hold a password."""
    assert repr(examination.subject) == "<Subject mine>"
