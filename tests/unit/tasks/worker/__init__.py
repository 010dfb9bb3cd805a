"""Unit tests of tasks/worker/."""
