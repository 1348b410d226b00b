"""Mutation testing of the rules: each small change to their code must fail a test.

Each of the modules is changed by mutmut, a mutant at a time, and tried with its own
tests alone. What survives is printed as a diff, unless ``EQUIVALENT`` says why it makes
no difference; the copies stay in ``build/mutants``, for ``mutmut browse``. mutmut forks
(POSIX only), and changes functions: neither constants nor properties.

``nox -s mutants`` installs mutmut and runs this; ``nox -s mutants -- turns`` runs one.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Sequence

__all__ = ["EQUIVALENT", "MODULES", "main"]

ROOT = Path(__file__).parents[2]
MODULES = ("evidence", "book", "audit", "audit_schedule", "reconnect", "turns")

CONFIG = """
[mutmut]
source_paths=assetstream/
only_mutate=assetstream/core/{module}.py
also_copy=tests/
pytest_add_cli_args=
    -n0
    -pno:cacheprovider
pytest_add_cli_args_test_selection=tests/core/test_{module}.py
"""
#: How mutmut calls what ended otherwise than without a mutant.
KILLED = ("killed", "timeout", "segfault")

#: Module, function and changed lines of a mutant -> why it makes no difference.
EQUIVALENT = {
    (
        "audit",
        "Audit._drifted",
        "- if before.earliest <= entry.outdated_at:"
        "  # K6: a push has said so as well.\n"
        "+ if before.earliest < entry.outdated_at:  # K6: a push has said so as well.",
    ): "Of the very same moment: either may have been first.",
    (
        "audit",
        "Audit.__init__",
        "- self._mute_drifts = 0\n+ self._mute_drifts = None",
    ): "The first drift sets it: the last one was never.",
    (
        "audit",
        "Audit.__init__",
        "- self._mute_drifts = 0\n+ self._mute_drifts = 1",
    ): "The first drift sets it: the last one was never.",
    (
        "audit",
        "Audit.__init__",
        "- self._drifted_at = -math.inf\n+ self._drifted_at = +math.inf",
    ): "The first drift begins the row anew, which had not begun.",
    (
        "audit",
        "Audit.read",
        "- unequal = False\n+ unequal = None",
    ): "Asked only for its truth.",
    (
        "audit_schedule",
        "AuditSchedule.__init__",
        "- self._early = 0\n+ self._early = 1",
    ): "``live`` sets it again; before, an audit is none of the first.",
    (
        "audit_schedule",
        "AuditSchedule.__init__",
        "- self._completed_at = -math.inf\n+ self._completed_at = +math.inf",
    ): "Before LIVE only ``detection_time`` looks, where inf - inf is no maximum.",
    (
        "book",
        "BalanceBook._show",
        "- if free or held or previous.total != exact_sum(ground.amounts):\n"
        "+ if free and held or previous.total != exact_sum(ground.amounts):",
    ): "Where one is the same the totals differ: to add them up takes longer.",
    (
        "book",
        "BalanceBook.push",
        "- now if age > 0 else now + age,\n+ now if age >= 0 else now + age,",
    ): "Both are now then.",
    (
        "book",
        "BalanceBook._question",
        "- if piece.key >= last.key:\n+ if piece.key > last.key:",
    ): "Equal keys contradict nothing, and a fair one is not ahead of the clock.",
    (
        "evidence",
        "_weigh_read",
        "- other.row = 0\n+ other.row = None",
    ): "Asked only whether it is zero before anything is added to it.",
    (
        "turns",
        "Turns.ask",
        "- self._waiting[turn][asker, ticket] = None\n"
        '+ self._waiting[turn][asker, ticket] = ""',
    ): "A dict as a set in order: nobody looks at the values.",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print figures and survivors; exit with 1 if a mutant survives unexplained."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.programs.mutants",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("modules", nargs="*", help=f"of {', '.join(MODULES)}")
    modules = parser.parse_args(arguments).modules or MODULES
    if unknown := set(modules) - set(MODULES):
        parser.error(f"no such module: {', '.join(sorted(unknown))}")
    total: Counter[str] = Counter()
    for module in modules:
        total.update(examine(module))
    print(figures("total", total))
    if total["survived"] or total["outdated"]:
        raise SystemExit(1)


def examine(module: str) -> Counter[str]:
    """Run the mutants of one module; print and return their figures."""
    prepare(module)
    mutmut(module, "run")
    found: Counter[str] = Counter()
    explained = {key for key in EQUIVALENT if key[0] == module}
    lived = set()
    for line in mutmut(module, "results", "--all", "true").splitlines():
        name, colon, outcome = line.strip().partition(": ")
        if not colon:
            continue
        found["mutants"] += 1
        if outcome in KILLED:
            found["killed"] += 1
            continue
        diff = mutmut(module, "show", name)
        key = (module, function_of(name), changed(diff))
        lived.add(key)
        found["equivalent" if key in explained else "survived"] += 1
        if key not in explained:
            print(f"{outcome}: {name}\n{diff}", flush=True)
    for key in sorted(explained - lived):
        found["outdated"] += 1
        print("explained as equivalent, but no survivor:", *key, sep="\n")
    print(figures(module, found), flush=True)
    return found


def prepare(module: str) -> None:
    """Copy what the tests of a module need, with mutmut's settings for it."""
    place = place_of(module)
    shutil.rmtree(place, ignore_errors=True)
    for folder in ("assetstream", "tests"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, place / folder, ignore=ignored)
    config = (ROOT / "setup.cfg").read_text(encoding="utf-8")
    config += CONFIG.format(module=module)
    (place / "setup.cfg").write_text(config, encoding="utf-8")


def place_of(module: str) -> Path:
    """Return the folder in which a module's mutants are made."""
    return ROOT / "build" / "mutants" / module


def mutmut(module: str, *arguments: str) -> str:
    """Run mutmut on one module and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "mutmut", *arguments],
        cwd=place_of(module),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    if done.returncode:
        raise SystemExit(f"{done.stdout[-5000:]}\nmutmut {arguments[0]} failed")
    return done.stdout


def function_of(mutant: str) -> str:
    """Return the name of the function that a mutant changes, with its class."""
    # assetstream.core.book.x_complete__mutmut_3, or .xǁBalanceBookǁpush__mutmut_3
    mangled = mutant.rpartition(".")[2].rpartition("__mutmut_")[0]
    return re.sub("^x_?ǁ?", "", mangled).replace("ǁ", ".")


def changed(diff: str) -> str:
    """Return the lines of a diff that are not the same, without their indentation."""
    lines = [line for line in diff.splitlines() if re.match(r"[-+](?!--|\+\+)", line)]
    return "\n".join(f"{line[0]} {line[1:].strip()}" for line in lines)


def figures(name: str, found: Counter[str]) -> str:
    """Return one line of figures."""
    kinds = ("mutants", "killed", "equivalent", "survived", "outdated")
    return " ".join([f"{name}:", *(f"{kind}={found[kind]}" for kind in kinds)])


if __name__ == "__main__":
    main()
