"""Tests with real servers, workers and clients."""
