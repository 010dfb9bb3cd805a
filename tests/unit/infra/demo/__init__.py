"""Unit tests of infra/demo/."""
