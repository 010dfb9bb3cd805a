"""Unit tests of what the tests themselves are made with."""
