"""Unit tests of tasks/telemetry/."""
