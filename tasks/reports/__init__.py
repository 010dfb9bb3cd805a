"""The report of a version: one HTML page that needs nothing beside itself. Worker side only."""
