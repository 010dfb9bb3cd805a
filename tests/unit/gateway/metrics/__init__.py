"""Unit tests of gateway/metrics/."""
