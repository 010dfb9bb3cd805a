"""Seeing the service run: Flower and status."""
