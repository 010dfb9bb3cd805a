"""Unit tests of tasks/ledger/."""
