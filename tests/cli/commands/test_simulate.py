"""The options of ``assetstream simulate``; the console has its own tests."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from assetstream.cli.main import assetstream
from assetstream.simulator import FAULTS


def simulate(*arguments: str, expect: int = 0) -> str:
    """Run the command in this process; return its output."""
    result = CliRunner().invoke(assetstream, ["simulate", *arguments])
    assert result.exit_code == expect, result.output
    return result.output


def test_it_prints_what_to_paste_and_ends_in_time() -> None:
    """The faults are on, and --for ends it."""
    out = simulate("--for", "50ms", "--rate", "100", "--fault", "rest_slow")

    assert "export UPBIT_ACCESS_KEY=" in out
    assert "fault on: rest_slow" in out
    assert out.endswith("stopped\n")


def test_json_begins_with_the_environment() -> None:
    """One seed gives one set of keys."""
    first, second = (
        json.loads(simulate("--json", "--for", "1ms", "--seed", "7").splitlines()[0])
        for _ in range(2)
    )

    keys = "UPBIT_ACCESS_KEY", "UPBIT_SECRET_KEY"
    environments = [each["environment"]["upbit"] for each in (first, second)]
    assert [environments[0][k] for k in keys] == [environments[1][k] for k in keys]


def test_the_faults_are_listed() -> None:
    """The list has every fault, and nothing is started."""
    out = simulate("--list-faults")

    assert all(f"\n{name} " in f"\n{out}" for name in FAULTS)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--fault", "silence"], "or silent_drop or"),
        (["--fault", "nope"], "called 'nope': --list-faults shows all"),
        (["--fault", "rest_slow,speed=3"], "rest_slow does not take speed"),
        (["--fault", "close_1000:soon"], "write 500ms"),
        (["--rate", "0"], "'0' is no rate above 0"),
        (["--rate", "nan"], "'nan' is no rate above 0"),
        (["--port", "99999"], "99999 is not in the range"),
        (["--port", "http"], "'http' is not a valid integer"),
        (["--for", "soon"], "write 500ms, 10s, 2m or 1h"),
    ],
)
def test_wrong_usage_is_explained_with_exit_code_2(
    arguments: list[str], words: str
) -> None:
    """The messages are the simulator's."""
    assert words in simulate(*arguments, expect=2)
