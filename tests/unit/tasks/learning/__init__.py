"""Unit tests of tasks/learning/."""
