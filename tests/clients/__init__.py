"""Clients that others' generators make from our definition, and the same walk with each through a running service."""
