"""`make test-containers`: the images built, and the service in them, with Docker or podman. Not part of `make test`."""
