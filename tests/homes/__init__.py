"""Homes that earlier commits made, with work queued in them, and how one is made."""
