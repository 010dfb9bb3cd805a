"""Tests of promises: imports, names, settings, errors, routes."""
