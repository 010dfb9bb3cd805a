"""Versions taken along, to be used elsewhere, and models of elsewhere brought in. Stands on the worker's wing."""
