"""Bytes that are kept, and connections. Imports config and the ground."""
