"""The status of an HTTP answer (L6)."""

from __future__ import annotations

import pytest

from assetstream.runtime.net.status import informational, status_of


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"HTTP/1.1 200 OK\r\n", 200),
        (b"HTTP/1.0 404", 404),
        (b"HTTP/1.1 503\r\nX: y", 503),
        (b"HTTP/1.1 2000 OK", None),
        (b"HTTP/1.1 099 OK", None),
        (b"HTTP/2 200 OK", None),
        (b"SSH-2.0", None),
        (b"", None),
    ],
)
def test_a_status_line_is_read(head: bytes, status: int | None) -> None:
    """Anything else than HTTP/1 has no status."""
    assert status_of(head) == status


def test_l6_informational_answers_are_all_1xx_but_one() -> None:
    """101 is an answer itself."""
    found = [status for status in range(100, 600) if informational(status)]
    assert found == [100, *range(102, 200)]
    assert not informational(None)
