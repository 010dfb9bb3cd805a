"""Unit tests of tasks/tables/conforming/."""
