"""Unit tests of infra/host/."""
