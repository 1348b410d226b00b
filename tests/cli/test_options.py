"""Options that several commands have."""

from __future__ import annotations

import json

import click
import pytest
from click.testing import CliRunner

from assetstream.cli.options import (
    for_option,
    json_option,
    metrics_option,
    port_option,
)


@click.command()
@json_option
@for_option
@port_option
@metrics_option
def command(**options: object) -> None:
    """Print the values of the options."""
    click.echo(json.dumps(options))


def test_defaults() -> None:
    """The output is for people, the run has no end, the port is any; no metrics."""
    done = CliRunner().invoke(command, [])

    assert json.loads(done.output) == {
        **{"as_json": False, "duration": None},
        **{"port": 0, "metrics": None},
    }


def test_values_are_read() -> None:
    """A duration becomes seconds."""
    done = CliRunner().invoke(command, ["--json", "--for", "500ms", "--port", "80"])

    assert json.loads(done.output) == {
        **{"as_json": True, "duration": 0.5},
        **{"port": 80, "metrics": None},
    }


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("9464", ["127.0.0.1", 9464]),
        (":0", ["127.0.0.1", 0]),
        ("0.0.0.0:80", ["0.0.0.0", 80]),
        ("[::1]:80", ["::1", 80]),
        ("metrics.local:80", ["metrics.local", 80]),
    ],
)
def test_metrics_are_for_this_machine_alone_by_default(
    text: str, place: list[object]
) -> None:
    """Another address stands before the port."""
    done = CliRunner().invoke(command, ["--metrics", text])

    assert json.loads(done.output)["metrics"] == place


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--for", "soon"], "write 500ms, 10s, 2m or 1h"),
        (["--port", "65536"], "65536 is not in the range"),
        (["--port", "-1"], "-1 is not in the range"),
        (["--metrics", "all"], "'all' has no port"),
        (["--metrics", "::"], "write 9464"),
    ],
)
def test_what_is_wrong_is_a_usage_error(arguments: list[str], words: str) -> None:
    """The message shows valid values."""
    done = CliRunner().invoke(command, arguments)

    assert done.exit_code == 2
    assert words in done.output
