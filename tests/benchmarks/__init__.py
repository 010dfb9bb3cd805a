"""Benchmarks: figures as ratios within one run. Not collected by pytest."""
