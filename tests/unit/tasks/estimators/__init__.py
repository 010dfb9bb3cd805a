"""Unit tests of tasks/estimators/."""
