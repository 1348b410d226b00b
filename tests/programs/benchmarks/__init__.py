"""Speed and weight beside the peers: ``python -m tests.programs.benchmarks``."""
