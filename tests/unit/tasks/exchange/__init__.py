"""Unit tests of tasks/exchange/."""
