"""Which mutants count as survivors, and what ends the program with 1."""

from __future__ import annotations

import ast
from typing import Callable

import pytest

from tests.programs import mutants

#: What mutmut prints: three mutants, of which two survive.
NAME = "assetstream.core.turns."
RESULTS = f"""
    {NAME}xǁLaneǁadd__mutmut_1: killed
    {NAME}xǁLaneǁadd__mutmut_2: survived
    {NAME}x_helper__mutmut_12: no tests
"""
DIFF = """\
# the name: survived
--- assetstream/core/turns.py
+++ assetstream/core/turns.py
@@ -1,2 +1,2 @@
 def add(self) -> None:
-    self.count += 1
+    self.count -= 1
"""
CHANGE = "- self.count += 1\n+ self.count -= 1"
ADD, HELPER = ("turns", "Lane.add", CHANGE), ("turns", "helper", CHANGE)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return the program, whose mutmut prints the above, with what is explained."""
    printed = {"run": "", "results": RESULTS, "show": DIFF}
    monkeypatch.setattr(mutants, "prepare", lambda module: None)
    monkeypatch.setattr(mutants, "mutmut", lambda module, what, *rest: printed[what])

    def run(*explained: tuple[str, str, str]) -> None:
        reasons = dict.fromkeys(explained, "why")
        monkeypatch.setattr(mutants, "EQUIVALENT", reasons)
        mutants.main(["turns"])

    return run


def test_a_survivor_is_shown_and_fails(
    run: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """So does a mutant that no test reaches."""
    with pytest.raises(SystemExit) as end:
        run(ADD)
    printed = capsys.readouterr().out

    assert end.value.code == 1
    assert f"no tests: {NAME}x_helper__mutmut_12\n{DIFF}" in printed
    assert "mutmut_2" not in printed
    assert printed.splitlines()[-1] == (
        "total: mutants=3 killed=1 equivalent=1 survived=1 outdated=0"
    )


def test_survivors_that_are_explained_pass(
    run: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    run(ADD, HELPER)

    assert capsys.readouterr().out.splitlines() == [
        "turns: mutants=3 killed=1 equivalent=2 survived=0 outdated=0",
        "total: mutants=3 killed=1 equivalent=2 survived=0 outdated=0",
    ]


def test_an_explanation_without_a_survivor_fails(
    run: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """The code has changed since, or a test kills it: the list stays true."""
    with pytest.raises(SystemExit) as end:
        run(ADD, HELPER, ("turns", "Lane.drop", CHANGE), ("book", "push", CHANGE))
    printed = capsys.readouterr().out

    assert end.value.code == 1
    assert f"no survivor:\nturns\nLane.drop\n{CHANGE}\n" in printed
    assert printed.splitlines()[-1].endswith("survived=0 outdated=1")


def test_a_module_without_rules_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        mutants.main(["turns", "machine"])

    assert "no such module: machine" in capsys.readouterr().err


def test_each_explanation_is_of_lines_that_are_there() -> None:
    """What was changed stands in the code, in a function of that name."""
    for module, function, change in mutants.EQUIVALENT:
        path = mutants.ROOT / "assetstream" / "core" / f"{module}.py"
        text = path.read_text(encoding="utf-8")
        lines = {line.strip() for line in text.splitlines()}
        names = {
            node.name
            for node in ast.walk(ast.parse(text))
            if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        }

        assert names.issuperset(function.split("."))
        for line in change.splitlines():
            assert line[0] == "+" or line[2:] in lines, line


def test_the_modules_and_their_tests_are_there() -> None:
    """mutmut would change nothing, or all, of a module that is not."""
    for module in mutants.MODULES:
        assert (mutants.ROOT / "assetstream/core" / f"{module}.py").is_file()
        assert (mutants.ROOT / "tests/core" / f"test_{module}.py").is_file()
