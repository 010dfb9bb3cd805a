"""Redis loses its primary while the service works. Run by `make test-redis`, not by `make test`."""
