"""The suite on every Python, with the lowest and the newest of each core dependency.

::

    python -m pip install nox && nox              # all that is found, and a table
    nox -s "tests-3.10(releases='lowest')" table  # one of them
    nox -- -m "not browser"                       # with the tests marked programs
    nox -s corners                                # those that CI runs
    nox -s branches                               # of the pure rooms, by their tests
    nox -s mutants -- evidence turns              # without a module: of all
"""

from __future__ import annotations

import configparser
import glob
import os
import pathlib
import re
import shutil
import subprocess
import sys
from typing import Sequence
from xml.etree import ElementTree

import nox

nox.options.sessions = ["tests", "table"]
nox.options.error_on_missing_interpreters = False
nox.options.reuse_existing_virtualenvs = True
if hasattr(nox.options, "download_python"):  # which older releases never do
    nox.options.download_python = "never"

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
#: Where version managers keep Pythons, each in a directory of its own.
KEPT = (
    os.path.join(os.environ.get("PYENV_ROOT", "~/.pyenv"), "versions"),
    os.environ.get("UV_PYTHON_INSTALL_DIR", "~/.local/share/uv/python"),
)

#: The pure rooms and modules, and their tests: those of ``pytest @tests/pure``.
PURE = {
    re.sub(r"/(test_)?", ".", path.removesuffix(".py")): f"tests/{path}"
    for path in re.findall(
        r"^tests/(\S+)$", pathlib.Path("tests/pure").read_text(encoding="utf-8"), re.M
    )
}

HEAD = ["python", *NAMES, "releases", "passed", "skipped", "failed", "seconds"]
#: What ``table`` prints, by Python and releases: sessions run one after the other, in
#: this process.
ROWS: dict[tuple[str, str], list[str]] = {}


@nox.session(python=PYTHONS)
@nox.parametrize("releases", ["lowest", "newest"])
def tests(session: nox.Session, releases: str) -> None:
    """Run what the README's command runs."""
    python = str(session.python)
    note(python, releases, "failed to run")  # unless something better is known below
    session.install("--quiet", "--upgrade", "-e", ".[test]", *CORE)
    if releases == "lowest":
        session.install("--quiet", "--no-deps", *LOWEST)
    versions = session.run("python", "-c", SHOW_VERSIONS, *NAMES, silent=True)
    note(python, releases, "failed to run", versions=str(versions).split())
    report = session.cache_dir / f"{python}-{releases}.xml"
    report.unlink(missing_ok=True)
    try:
        session.run(
            *("python", "-m", "pytest", "-q"),
            *(f"--junitxml={report}", *session.posargs),
        )
    finally:
        if report.exists():  # not if pytest could not begin, or died
            note(python, releases, *figures(report), versions=str(versions).split())


@nox.session(python=False)
def table(session: nox.Session) -> None:
    """Print what was run, with which releases, and how it went; fail if nothing was."""
    rows = [HEAD, *(row + [""] * (len(HEAD) - len(row)) for row in ROWS.values())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())
    if not ROWS or any("did not run" in row for row in ROWS.values()):
        session.error("not all that was asked for has run: is its Python found?")


@nox.session(python=False)
def corners(session: nox.Session) -> None:
    """Run the oldest Python with the lowest releases, the newest with the newest.

    The latter is left out if that Python runs nox: CI runs the suite on it anyhow.
    """
    here = f"3.{sys.version_info.minor}"
    found = [each for each in PYTHONS if is_found(each)]
    if not found:
        session.error(f"none of the Pythons {', '.join(PYTHONS)} is found")
    wanted = [(found[0], "lowest"), (found[-1], "newest")]
    if found[-1] == here:
        wanted.pop()
        session.log(f"skipped, newest releases: no newer Python than {here}")
    for python, releases in wanted:
        note(python, releases, "did not run")
        session.notify(f"tests-{python}(releases='{releases}')")
    session.notify("table")


@nox.session(python=False)
def branches(session: nox.Session) -> None:
    """Fail unless the pure rooms' own tests take every branch there is in them."""
    coverage = sys.executable, "-m", "coverage"
    source = ",".join(f"assetstream.{name}" for name in PURE)
    tests = PURE.values()
    session.run(
        *coverage, "run", f"--source={source}", "-m", "pytest", "-q", "-n0", *tests
    )
    session.run(*coverage, "report", "--fail-under=100")


@nox.session()
def mutants(session: nox.Session) -> None:
    """Change the rules' code in small ways; fail if their own tests stay green."""
    session.install("--quiet", "-e", ".[test]", "mutmut>=3.8")
    session.run("python", "-m", "tests.programs.mutants", *session.posargs)


def note(
    python: str, releases: str, *outcome: str, versions: Sequence[str] = ()
) -> None:
    """Enter a row for ``table``, in place of what was known before."""
    known = list(versions) or [python, *("?" for _ in NAMES)]
    ROWS[python, releases] = [*known, releases, *outcome]


def is_found(python: str) -> bool:
    """True if it can be run; a version manager's command may be there without it."""
    return runs(shutil.which(f"python{python}"))


def runs(command: str | None) -> bool:
    """True if it is a Python's command and works."""
    return command is not None and not subprocess.call(
        [command, "-c", ""], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def find_kept(python: str) -> None:
    """Put the newest that a version manager keeps on the PATH, if one is there."""
    kept = [
        command
        for place in KEPT
        for command in glob.glob(f"{os.path.expanduser(place)}/*/bin/python{python}")
    ]
    kept.sort(key=lambda command: [int(part) for part in re.findall(r"\d+", command)])
    newest = next(filter(runs, reversed(kept)), None)
    if newest is not None:
        # First of all: before the manager's own command that fails.
        os.environ["PATH"] = os.pathsep.join(
            [os.path.dirname(newest), os.environ.get("PATH", os.defpath)]
        )


def figures(report: pathlib.Path) -> list[str]:
    """Passed, skipped, failed, seconds: as pytest's report has them."""
    (suite,) = ElementTree.parse(report).getroot()
    count = {name: int(suite.attrib[name]) for name in ("tests", "skipped")}
    failed = int(suite.attrib["failures"]) + int(suite.attrib["errors"])
    passed = count["tests"] - count["skipped"] - failed
    seconds = round(float(suite.attrib["time"]))
    return [str(each) for each in (passed, count["skipped"], failed, seconds)]


for each in PYTHONS:
    if not is_found(each):
        find_kept(each)
