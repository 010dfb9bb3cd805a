"""What grows, and what that costs: `python -m tests.benchmarks.growth`."""
