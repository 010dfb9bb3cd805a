"""Tests: unit, integration and contract; benchmarks apart."""
