"""Options that several commands have."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Iterator

import click

from assetstream.display.durations import seconds

if TYPE_CHECKING:
    from assetstream.metrics.relay_figures import RelaySource
    from assetstream.streams.group import Group
    from assetstream.streams.stream import Stream

__all__ = [
    "ListingCommand",
    "archive_option",
    "cannot_listen",
    "duration_of",
    "for_option",
    "json_option",
    "metrics_option",
    "port_option",
    "serving",
]


class ListingCommand(click.Command):
    """A command whose help lists the registered exchanges.

    In its texts ``{exchanges}`` stands for their names, ``{titles}`` for their titles,
    ``{variables}`` for the variables of their keys, a line each.
    """

    def get_help(self, ctx: click.Context) -> str:
        # Here: only a help needs them.
        from assetstream.display.words import listed
        from assetstream.exchanges import EXCHANGES

        variables = [
            [exchange.variable(name) for name in exchange.key_names]
            for exchange in EXCHANGES.values()
        ]
        width = max(len(first) for first, *_ in variables)
        lists = {
            "exchanges": listed(EXCHANGES, "or"),
            "titles": listed([exchange.title for exchange in EXCHANGES.values()]),
            "variables": "\n".join(
                f"  {first:{width}}  {'  '.join(others)}".rstrip()
                for first, *others in variables
            ),
        }
        for name, text in lists.items():
            self.help = (self.help or "").replace(f"{{{name}}}", text)
            self.epilog = (self.epilog or "").replace(f"{{{name}}}", text)
        return super().get_help(ctx)


def duration_of(
    ctx: click.Context, parameter: click.Parameter, text: str | None
) -> float | None:
    """Read a duration; click's own error if it is none."""
    try:
        return None if text is None else seconds(text)
    except ValueError as exc:
        raise click.BadParameter(f"{exc}.") from None


def place_of(
    ctx: click.Context, parameter: click.Parameter, text: str | None
) -> tuple[str, int] | None:
    """Read an address and a port, or a port alone; click's own error if it is none."""
    if text is None:
        return None
    address, _, port = text.rpartition(":")
    if not port.isdecimal():
        raise click.BadParameter(f"{text!r} has no port: write 9464, or 0.0.0.0:9464.")
    return address.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)


json_option: Callable[..., Any] = click.option(
    "--json", "as_json", is_flag=True, help="One JSON object per line."
)
for_option: Callable[..., Any] = click.option(
    "--for",
    "duration",
    callback=duration_of,
    metavar="10s",
    help="Stop after this time: 500ms, 10s, 2m, 1h.",
)
port_option: Callable[..., Any] = click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="N",
    help="The port to listen on; by default a free one.",
)


def cannot_listen(port: int, error: OSError) -> str:
    """Say that a port cannot be listened on, and what to do about it."""
    return (
        f"port {port} cannot be listened on: {error.strerror or error}. Leave --port "
        "out for a free one, or choose another."
    )


archive_option: Callable[..., Any] = click.option(
    "--archive",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Record in this file, for assetstream history.",
)
metrics_option: Callable[..., Any] = click.option(
    "--metrics",
    callback=place_of,
    metavar="[ADDRESS:]PORT",
    help="Serve metrics to Prometheus here: 9464, for this machine alone, or "
    "0.0.0.0:9464, for all.",
)


@contextmanager
def serving(
    source: Stream | Group[Any] | RelaySource, place: tuple[str, int] | None
) -> Iterator[None]:
    """Serve metrics at an address and a port, if there is a place."""
    if place is None:
        yield
        return
    # Imported here: the extra may be missing, and a stream takes its time to load.
    from assetstream.metrics.server import serve_metrics

    addr, port = place
    with serve_metrics(source, port, addr) as served:
        click.echo(f"metrics: {served.url}", err=True)
        yield
