"""Unit tests of gateway/wiring/."""
