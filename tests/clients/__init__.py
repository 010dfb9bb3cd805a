"""Clients of others with a running service: those that generators make of our definition, and packages as they are."""
