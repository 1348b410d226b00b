"""Streams with figures that a test chooses, and what a scrape says of them."""

from __future__ import annotations

from typing import Any, Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from assetstream import AssetStream, CoinW, Collector, Health, State, Upbit

__all__ = ["Figured", "read", "scrape"]


class Figured(AssetStream):
    """A stream that was never started, with the figures that a test gives it."""

    def __init__(self, account: str, exchange: str = "upbit", **figures: Any) -> None:
        key = account.encode("utf-8", "surrogatepass").hex()
        made: Upbit | CoinW = CoinW(key, "secret")
        if exchange == "upbit":
            made = Upbit(key, "secret", region="sg")
        super().__init__(made, account=account)
        live = {"state": State.LIVE, "last_proof": 1.0, "detection_time": 90.0}
        self.figures: dict[str, Any] = live | figures

    def health(self) -> Health:
        """Return the figures."""
        return Health(**self.figures)


def scrape(collector: Collector) -> dict[str, float]:
    """Return the value of each series, by its name and labels as Prometheus has them.

    It is what comes out of the text that Prometheus reads.
    """
    registry = CollectorRegistry()
    registry.register(collector)
    return dict(read(generate_latest(registry).decode()))


def read(text: str) -> Iterable[tuple[str, float]]:
    """Read the series of a text."""
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(
                f"{name}={value}" for name, value in sample.labels.items()
            )
            name = sample.name.removeprefix("assetstream_")
            yield f"{name}{{{labels}}}" if labels else name, sample.value
