"""libFuzzer on one target; it ends the process.

Started by ``tests.programs.fuzz.loop``: the target, a folder for findings, one for
the corpus, and libFuzzer's own options.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import atheris  # type: ignore[import-untyped,import-not-found,unused-ignore]

#: The share of our own mutations, which know JSON and frames.
OURS = 0.7

with atheris.instrument_imports(
    include=["assetstream.exchanges", "assetstream.runtime", "websocket"]
):
    from tests.programs.fuzz.corpus import seeds
    from tests.programs.fuzz.loop import Findings
    from tests.programs.fuzz.mutation import mutate


def main(target: str, folder: str, corpus: str, *options: str) -> None:
    """Fuzz for the time in the options; never return."""
    for number, data in enumerate(seeds(target)):
        (Path(corpus) / f"{number}").write_bytes(data)
    findings = Findings(target, Path(folder))

    def mutated(data: bytes, longest: int, seed: int) -> bytes:
        source = random.Random(seed)
        if source.random() < OURS:
            return mutate(target, bytes(data), source)[:longest]
        return bytes(atheris.Mutate(data, longest))

    atheris.Setup([sys.argv[0], *options, corpus], findings.run, custom_mutator=mutated)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
