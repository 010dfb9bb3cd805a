"""Webhooks: who hears what happens, sent as Standard Webhooks 1.0 has it. Imports registry, ledger, storage, config."""
