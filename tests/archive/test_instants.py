"""Times as users give them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from assetstream import ConfigurationError
from assetstream.archive.instants import microseconds, moment, parsed, shown

NOON = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "given",
    [
        NOON,
        NOON.replace(tzinfo=None),
        NOON.astimezone(timezone(timedelta(hours=9))),
        "2026-11-29 12:00",
        "2026-11-29T12:00:00Z",
        " 2026-11-29 12:00z ",
        "2026-11-29T13:00+01:00",
    ],
)
def test_a_time_without_a_zone_is_utc(given: datetime | str) -> None:
    """Text and datetimes with a zone mean what they say."""
    assert moment(parsed("time", given)) == NOON


def test_a_date_is_its_midnight() -> None:
    """In UTC."""
    assert moment(parsed("time", "2026-11-29")) == NOON - timedelta(hours=12)


@pytest.mark.parametrize("given", ["", "noon", "12:00", "2026-13-01", "Z"])
def test_text_that_is_no_time_is_refused(given: str) -> None:
    """The error names the argument, and says how to write one."""
    with pytest.raises(ConfigurationError, match=r"since=.* ISO 8601") as caught:
        parsed("since", given)
    assert "is UTC" in caught.value.remedy


@pytest.mark.parametrize("given", [None, 1_764_417_600, NOON.date()])
def test_what_is_no_time_is_refused(given: Any) -> None:
    """Not even a number: of which unit would it be?"""
    with pytest.raises(ConfigurationError, match="time must be a time, not"):
        parsed("time", given)


@pytest.mark.parametrize("given", ["0001-01-01T00:00+14:00", "9999-12-31T23:00-14:00"])
def test_a_time_that_utc_does_not_have_is_refused(given: str) -> None:
    """No text could name it."""
    with pytest.raises(ConfigurationError, match="outside the years 1 to 9999"):
        parsed("time", given)


def test_microseconds_are_exact() -> None:
    """No float comes in between, which would lose the last digits."""
    late = datetime(2999, 12, 31, 23, 59, 59, 999_999, tzinfo=timezone.utc)

    assert moment(microseconds(late)) == late
    assert moment(microseconds(NOON) + 1) - NOON == timedelta(microseconds=1)


def test_a_time_is_shown_in_one_form() -> None:
    """Exact, and never shorter because it is a whole second."""
    assert shown(microseconds(NOON)) == "2026-11-29T12:00:00.000000Z"
    assert shown(microseconds(NOON) + 1) == "2026-11-29T12:00:00.000001Z"
