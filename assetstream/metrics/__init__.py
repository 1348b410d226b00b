"""Metrics for Prometheus. They need the extra of this name."""
