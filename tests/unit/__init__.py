"""Tests of one module each; they mirror the tree."""
