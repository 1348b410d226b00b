"""The command ``assetstream``, and the commands below it, each in a file of its own."""

from __future__ import annotations

import click

from assetstream.cli.doctor import doctor
from assetstream.cli.watch import watch
from assetstream.version import __version__

__all__ = ["assetstream"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def assetstream() -> None:
    """Live account balances of crypto exchanges: exact, and never silently stale.

    \b
    Begin with:
      assetstream watch --simulate
      assetstream watch --help
    """


assetstream.add_command(doctor)
assetstream.add_command(watch)
