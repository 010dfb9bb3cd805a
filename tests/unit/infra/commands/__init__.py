"""Unit tests of infra/commands/."""
