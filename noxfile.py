"""The suite on every Python, with the lowest and the newest of each core dependency.

::

    python -m pip install nox && nox              # all that is found, and a table
    nox -s "tests-3.10(releases='lowest')" table  # one of them
    nox -s corners                                # those that CI runs
"""

from __future__ import annotations

import configparser
import pathlib
import re
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import nox

nox.options.sessions = ["tests", "table"]
nox.options.error_on_missing_interpreters = False
nox.options.reuse_existing_virtualenvs = True

config = configparser.ConfigParser()
config.read("setup.cfg", encoding="utf-8")
CORE = config["options"]["install_requires"].split()
NAMES = [re.split("[<>=]", each)[0] for each in CORE]
LOWEST = [each.partition(",")[0].replace(">=", "==") for each in CORE]
PYTHONS = re.findall(r"Python :: (3\.\d+)$", config["metadata"]["classifiers"], re.M)

SHOW_VERSIONS = """
import platform, sys
from importlib.metadata import version
print(platform.python_version(), *map(version, sys.argv[1:]))
"""
#: What ``table`` prints: sessions run one after the other, in this process.
ROWS = [["python", *NAMES, "releases", "passed", "skipped", "failed", "seconds"]]


@nox.session(python=PYTHONS)
@nox.parametrize("releases", ["lowest", "newest"])
def tests(session: nox.Session, releases: str) -> None:
    """Run the whole suite."""
    session.install("--quiet", "--upgrade", "-e", ".[test]", *CORE)
    if releases == "lowest":
        # The official SDK, which only a test uses, asks for newer ones: never mind.
        session.install("--quiet", "--no-deps", *LOWEST)
    versions = session.run("python", "-c", SHOW_VERSIONS, *NAMES, silent=True)
    report = session.cache_dir / f"{session.python}-{releases}.xml"
    report.unlink(missing_ok=True)
    try:
        session.run(
            *("python", "-m", "pytest", "-q", f"--junitxml={report}"), *session.posargs
        )
    finally:
        if report.exists():  # not if pytest could not begin, or was interrupted
            ROWS.append([*str(versions).split(), releases, *figures(report)])


@nox.session(python=False)
def table(session: nox.Session) -> None:
    """Print what was run, with which releases, and how it went."""
    widths = [max(map(len, column)) for column in zip(*ROWS, strict=True)]
    for row in ROWS:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


@nox.session(python=False)
def corners(session: nox.Session) -> None:
    """Run the oldest Python with the lowest releases, the newest with the newest.

    The Python that runs nox is left out: CI runs the suite on it anyhow.
    """
    here = f"3.{sys.version_info.minor}"
    found = [each for each in PYTHONS if each == here or is_found(each)] or [here]
    for python, releases, than in (
        (found[0], "lowest", "older"),
        (found[-1], "newest", "newer"),
    ):
        if python == here:
            session.log(f"skipped, {releases} releases: no {than} Python than {here}")
        else:
            session.notify(f"tests-{python}(releases='{releases}')")
    session.notify("table")


def is_found(python: str) -> bool:
    """True if it can be run; a version manager's command may be there without it."""
    command = shutil.which(f"python{python}")
    return bool(command) and not subprocess.call(
        [command, "-c", ""], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def figures(report: pathlib.Path) -> list[str]:
    """Passed, skipped, failed, seconds: as pytest's report has them."""
    (suite,) = ElementTree.parse(report).getroot()
    count = {name: int(suite.attrib[name]) for name in ("tests", "skipped")}
    failed = int(suite.attrib["failures"]) + int(suite.attrib["errors"])
    passed = count["tests"] - count["skipped"] - failed
    seconds = round(float(suite.attrib["time"]))
    return [str(each) for each in (passed, count["skipped"], failed, seconds)]
