"""Unit tests of tasks/tables/value_types/."""
