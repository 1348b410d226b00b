"""Dates of HTTP's headers are read in UTC, whatever the machine's own zone."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import Iterator

import pytest

from assetstream.protocol.http_date import http_date

NOON = datetime(2026, 10, 21, 12, tzinfo=timezone.utc)


@pytest.fixture(params=["Asia/Seoul", "America/New_York", "UTC"])
def zone(request: pytest.FixtureRequest) -> Iterator[None]:
    """A machine somewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("zone")
@pytest.mark.parametrize(
    "text",
    [
        "Wed, 21 Oct 2026 12:00:00 GMT",
        "Wed, 21 Oct 2026 12:00:00 -0000",
        "Wed, 21 Oct 2026 12:00:00",
        "Wed, 21 Oct 2026 21:00:00 +0900",
    ],
)
def test_t1_a_date_is_in_utc_unless_it_says_otherwise(text: str) -> None:
    """Another zone would be taken for a step of the exchange's clock."""
    date = http_date(text)

    assert date == NOON


@pytest.mark.parametrize(
    "text", [None, "", " ", "yesterday", "Wed, 21 Oct 2026 12:00:00 +9999", "12:00"]
)
def test_what_is_no_date_is_none(text: str | None) -> None:
    """A header alone ends no stream."""
    assert http_date(text) is None


@pytest.mark.usefixtures("zone")
@pytest.mark.parametrize("year", ["1900", "1970", "9999"])
@pytest.mark.parametrize("zone_of_it", ["GMT", "-0000", ""])
def test_any_year_has_a_time(year: str, zone_of_it: str) -> None:
    """The local time of the first and the last day does not exist everywhere."""
    date = http_date(f"Fri, 31 Dec {year} 23:59:59 {zone_of_it}")

    assert date is not None
    assert str(date.year) == year
    date.timestamp()
