"""Speed and weight of assetstream beside its peers: ``python -m tests.benchmarks``."""
