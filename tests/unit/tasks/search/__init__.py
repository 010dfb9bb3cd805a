"""Unit tests of tasks/registry/."""
