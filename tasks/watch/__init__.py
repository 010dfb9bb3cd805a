"""Following work from Python, in a terminal or a notebook: its progress as it comes. Imports registry and what is
below."""
