"""Unit tests of gateway/resources/."""
