"""Versions taken along, to be used elsewhere, and models of elsewhere brought in."""
