"""Unit tests of gateway/commit/."""
