"""Blobs and data sources in a bucket, against a server of S3's API: `make test-s3`."""
