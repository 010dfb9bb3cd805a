"""Unit tests of tasks/tables/."""
