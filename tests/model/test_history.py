"""The last updates and gaps of a stream, as a sequence."""

from __future__ import annotations

import pickle
import sys
from typing import Iterable, Sequence

import pytest
from msgspec.structs import replace

from assetstream import AssetUpdate, ConfigurationError, Gap, History
from assetstream.libraries import install_command
from assetstream.model import history as history_module
from assetstream.model.history import MAX_GAPS, Recent
from tests.support.histories import at, updates


def test_it_is_a_sequence() -> None:
    """The oldest comes first; a slice is a history with its gaps."""
    made = updates((0, "BTC", "1", "0"), (1, "BTC", "2", "0"), (2, "BTC", "3", "0"))
    first, second = Gap(at(0.2), at(0.8), 0), Gap(at(1.2), at(1.8), 0)
    history = History(made, [first, second])

    assert isinstance(history, Sequence)
    assert history[-1] is made[-1]
    assert list(reversed(history)) == made[::-1]
    assert made[1] in history
    assert isinstance(history[1:], History)
    assert list(history[1:]) == made[1:]
    assert history[1:].gaps == (second,)
    assert history[:2].gaps == (first,)
    assert history[:0].gaps == ()
    assert not History()


def test_its_repr_counts_and_dates_its_updates() -> None:
    """The repr has the count and both ends of the time."""
    made = updates((0, "BTC", "1", "0"), (65, "BTC", "2", "0"))

    assert repr(History()) == "<History 0 updates, 0 gaps>"
    assert repr(History(made, [Gap(at(1), at(2), 0)])) == (
        "<History 2 updates from 2026-01-01 12:00:00 to 2026-01-01 12:01:05 UTC, 1 gap>"
    )


def test_it_pickles() -> None:
    """The history can be kept, or sent to another process."""
    history = History(updates((0, "BTC", "1", "0")), [Gap(at(1), at(2), 0)])
    again = pickle.loads(pickle.dumps(history))

    assert list(again) == list(history)
    assert again.gaps == history.gaps


def test_frames_are_let_go_of_and_never_shown() -> None:
    """What is kept is the same without them, and what comes later is added to it."""
    made = updates((1, "BTC", "1", "0"), (2, "BTC", "2", "0"), (3, "BTC", "3", "0"))
    framed = [replace(update, raw=b"frame") for update in made]
    recent = Recent(2)
    for update in framed[:2]:
        recent.note(update)
    assert [update.raw for update in recent.view()] == [b"", b""]
    assert frames(recent) == [b"frame", b"frame"]
    recent.slim()
    assert frames(recent) == [b"", b""]
    slim = recent._updates
    recent.slim()
    assert recent._updates is slim
    recent.note(framed[2])
    recent.note(made[0])
    recent.slim()
    assert frames(recent) == [b"", b""]

    assert [update.available for update in recent.view()] == [3, 1]


def frames(recent: Recent) -> list[bytes]:
    """Return the frames that are kept."""
    return [update.raw for update in recent._updates]


def test_gaps_are_bounded() -> None:
    """The last gaps are kept."""
    recent = Recent(0)
    for second in range(MAX_GAPS + 1):
        recent.add_gap(Gap(at(second), at(second + 0.5), 0))

    assert len(recent.view().gaps) == MAX_GAPS
    assert recent.view().gaps[-1].began == at(MAX_GAPS)


def test_it_is_of_one_moment_whatever_comes_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A copy is made anew if an update interrupted it, or a gap came beside it."""
    first, second = updates((0, "BTC", "1", "0"), (3, "BTC", "2", "0"))
    recent, gap = Recent(5), Gap(at(1), at(2), 0)
    recent.note(first)

    def interrupted(_: object) -> None:
        recent.note(second)
        raise RuntimeError("deque mutated during iteration")

    def late(found: Iterable[AssetUpdate]) -> tuple[AssetUpdate, ...]:
        recent.add_gap(gap)
        return tuple(found)

    copies = iter([interrupted, late])
    monkeypatch.setattr(
        history_module, "tuple", lambda found: next(copies, tuple)(found), raising=False
    )
    view = recent.view()

    assert list(view) == [first, second]
    assert view.gaps == (gap,)
    assert not list(copies)


@pytest.mark.parametrize(
    ("method", "library"), [("plot", "matplotlib"), ("to_pandas", "pandas")]
)
def test_without_the_extra_the_error_names_what_to_install(
    method: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The typed error has the command."""
    monkeypatch.delitem(sys.modules, "assetstream.model.chart", raising=False)
    loaded = [name for name in sys.modules if name.startswith(f"{library}.")]
    for name in (library, *loaded):
        monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(ConfigurationError, match=library) as caught:
        getattr(History(), method)()
    assert f"`{install_command('plot')}`" in caught.value.remedy
