"""Unit tests of tasks/reports/."""
