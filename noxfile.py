"""The suite on every Python, with the lowest and the newest of each core dependency.

::

    python -m pip install nox && nox            # all that is found here, then a table
    nox -s "tests-3.10(releases='lowest')"      # one of them
"""

from __future__ import annotations

import configparser
import re

import nox

nox.options.error_on_missing_interpreters = False
nox.options.reuse_existing_virtualenvs = True


def lowest() -> list[str]:
    """Each core dependency at the oldest release that setup.cfg allows."""
    config = configparser.ConfigParser()
    config.read("setup.cfg", encoding="utf-8")
    wanted = config["options"]["install_requires"].split()
    floors = (re.match(r"([\w-]+)>=([\d.]+)", each) for each in wanted)
    return [f"{floor[1]}=={floor[2]}" for floor in floors if floor]


@nox.session(python=["3.10", "3.11", "3.12", "3.13"])
@nox.parametrize("releases", ["lowest", "newest"])
def tests(session: nox.Session, releases: str) -> None:
    """Run the whole suite."""
    session.install("--quiet", "-e", ".[test]")
    if releases == "lowest":
        # The official SDK, which only a test uses, asks for newer ones: never mind.
        session.install("--quiet", "--no-deps", *lowest())
    session.run("python", "-m", "pytest", "-q", *session.posargs)
