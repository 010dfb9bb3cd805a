"""Unit tests of tasks/webhooks/."""
