"""The settings by area; `tasks/config/settings.py` puts them together."""
