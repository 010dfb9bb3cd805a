"""Unit tests of infra/nginx/."""
