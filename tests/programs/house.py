"""Floors, rooms and arrows of the package: ``python -m tests.programs.house``."""

from __future__ import annotations

import argparse
from collections import Counter

from tests.support.house import (
    FLOORS,
    MODULES,
    arrows,
    circles,
    module_arrows,
    room_of,
    upward,
)

__all__ = ["main"]


def main() -> None:
    """Print each room with its files, its lines and the rooms it imports."""
    argparse.ArgumentParser(
        prog="python -m tests.programs.house", description=__doc__
    ).parse_args()
    graph = arrows()
    files: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    for path in MODULES:
        files[room_of(path)] += 1
        lines[room_of(path)] += len(path.read_text(encoding="utf-8").splitlines())
    print(f"{'floor':>5}  {'room':<14} {'files':>5} {'lines':>6}  imports")
    for room in sorted(graph, key=lambda room: (-FLOORS[room], room)):
        below = ", ".join(sorted(graph[room], key=lambda to: (-FLOORS[to], to)))
        print(
            f"{FLOORS[room]:>5}  {room:<14} {files[room]:>5} {lines[room]:>6}  {below}"
        )
    rising = list(upward())
    loops = [*circles(graph), *circles(module_arrows())]
    print(
        f"rooms={len(graph)} floors={len(set(FLOORS[room] for room in graph))} "
        f"arrows={sum(map(len, graph.values()))} upward={len(rising)} "
        f"circles={len(loops)} files={len(MODULES)} lines={sum(lines.values())}"
    )
    for file, imported in rising:
        print(f"upward: {file} imports {imported}")
    for loop in loops:
        print("circle:", ", ".join(map(str, loop)))


if __name__ == "__main__":
    main()
