"""What a user has without this service, with the same model: servers to measure against. They serve `POST /predict`."""
