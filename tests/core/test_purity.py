"""The pure part of the suite: its rooms, and the guard over them."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.support.purity import PURE, PURE_MODULES, ImpureError, only_computing

TESTS = Path(__file__).parents[1]
IMPURE = {
    "socket.__init__": socket.socket,
    "Thread.start": lambda: threading.Thread().start(),
    "Popen.__init__": lambda: subprocess.run([sys.executable, "-c", ""], check=True),
    "os.system": lambda: os.system("true"),
}


def test_the_arguments_of_the_pure_part_name_its_rooms() -> None:
    """``pytest @tests/pure`` runs the rooms that the layering calls pure."""
    arguments = (TESTS / "pure").read_text(encoding="utf-8").split()

    modules = {f"tests/{m.replace('/', '/test_')}.py" for m in PURE_MODULES}
    rooms = {f"tests/{room}" for room in PURE}
    assert {a for a in arguments if a[0] != "-"} == rooms | modules


def test_this_room_is_guarded(pure_rooms_only_compute: list[str]) -> None:
    """The fixture of all tests refuses a socket here, and remembers it."""
    with pytest.raises(ImpureError):
        socket.socket()

    assert pure_rooms_only_compute.pop() == "socket.__init__"


@pytest.mark.parametrize("name", IMPURE)
def test_a_test_that_does_more_than_compute_fails(name: str) -> None:
    """A way out is refused, and fails the module although the error was caught."""
    with (
        pytest.raises(ImpureError, match=name),
        only_computing(),
        contextlib.suppress(ImpureError),
    ):
        IMPURE[name]()
