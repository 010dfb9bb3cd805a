"""Bytes that are kept, connections, and the scripts that Redis runs. Imports config and the ground."""
