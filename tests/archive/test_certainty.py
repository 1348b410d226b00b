"""When an archive answers, and when it says that it does not know."""

from __future__ import annotations

import pytest

from assetstream.archive.certainty import Facts, Stretch, doubt
from assetstream.model.states import State
from tests.support.archives import kept, later

LIVE = Stretch(State.LIVE, "merged", kept(10), kept(100), ended=False)
STALE = LIVE._replace(state=State.STALE, reason="lost")


def text(seconds: float) -> str:
    """Write the time so many seconds after the start, as texts do."""
    return f"{later(seconds):%Y-%m-%dT%H:%M:%S.%fZ}"


def facts(
    stretch: Stretch | None = LIVE,
    gap: tuple[float, float] | None = None,
    kept_since: int | None = None,
) -> Facts:
    """Make the facts around a time."""
    if gap is None:
        return Facts(kept(0), kept_since, stretch)
    return Facts(kept(0), kept_since, stretch, kept(gap[0]), kept(gap[1]), 3)


def test_h5_it_answers_where_the_account_was_live() -> None:
    """From the change to LIVE to the last that its run knew, both included."""
    assert doubt(kept(10), facts()) == doubt(kept(100), facts()) == ""
    # Gaps before and behind do not matter.
    assert doubt(kept(50), facts(gap=(50.000001, 60))) == ""
    assert doubt(kept(50), facts(gap=(40, 50))) == ""


def test_h5_it_does_not_in_another_state() -> None:
    """The text says which, since when and why, and what the gap was."""
    assert doubt(kept(50), facts(STALE)) == f"it was STALE since {text(10)} (lost)"
    assert doubt(kept(50), facts(STALE._replace(reason=""), (9, 60))) == (
        f"it was STALE since {text(10)}; there is a gap from {text(9)} to "
        f"{text(60)}, after which 3 changes showed"
    )
    # It had come back, and was lost again, in between.
    assert doubt(kept(50), facts(STALE, (51, 60))).endswith("(lost)")


@pytest.mark.parametrize("state", [each for each in State if each is not State.LIVE])
def test_h5_no_state_but_live_is_known(state: State) -> None:
    """Whatever it is called."""
    assert doubt(kept(50), facts(LIVE._replace(state=state)))


def test_h5_it_does_not_in_a_gap_that_was_found_later() -> None:
    """The stream still said LIVE, for its end was not noticed yet."""
    assert doubt(kept(50), facts(gap=(50, 60))) == (
        f"there is a gap from {text(50)} to {text(60)}, after which 3 changes showed"
    )


def test_h4_it_does_not_after_the_last_sign_of_a_run() -> None:
    """A run that was killed knew nothing from then on, nor did one that ended."""
    at = kept(100) + 1
    gone = LIVE._replace(ended=True)

    assert doubt(at, facts()) == f"its recording is sure until {text(100)} only"
    assert doubt(at, facts(gone)) == f"the recording ended at {text(100)}"
    assert doubt(at, facts(gap=(100, 200))).endswith("after which 3 changes showed")


def test_h5_it_does_not_before_the_beginning() -> None:
    """Nor of an account of which there is nothing."""
    assert doubt(kept(-1), facts(None)) == f"the archive begins at {text(0)}"
    assert doubt(kept(5), Facts(None, None, None)) == "nothing of it was recorded"


def test_h7_it_does_not_where_rows_were_deleted() -> None:
    """Though the state of then may be one of the rows that stayed."""
    assert doubt(kept(20), facts(kept_since=kept(20))) == ""
    assert doubt(kept(20) - 1, facts(kept_since=kept(20))) == (
        f"of the time before {text(20)} nothing is kept"
    )
