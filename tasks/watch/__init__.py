"""Following work from Python, in a terminal or a notebook. Imports registry and what is below."""
