"""Unit tests of infra/supervision/."""
