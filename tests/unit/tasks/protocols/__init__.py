"""Unit tests of tasks/protocols/."""
