"""``python -m tests.programs.archive_bench``: in small."""

from __future__ import annotations

import pytest

from tests.programs.archive_bench import main

pytestmark = pytest.mark.programs


def test_all_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    """The archive beside the loop by hand, its answers, and its memory."""
    main(["--rows", "5000"])

    out = capsys.readouterr().out
    assert out.count("rows/s") >= 2
    assert "at() over 5,000 rows, 20 currencies: p50" in out
    assert "5,000 rows" in out.splitlines()[-1]


def test_what_is_not_measured_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The kinds are named."""
    with pytest.raises(SystemExit):
        main(["speed"])
    assert "only rows, at, memory" in capsys.readouterr().err
