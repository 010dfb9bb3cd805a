"""The model of the pages, `sums`."""

from __future__ import annotations

from tests.service import Service


def make_sums(service: Service) -> None:
    """Have it there: what its rows come to is a and b, and a half."""
    if service.http.get("/v1/models/sums").status_code == 404:
        rows = [{"a": a, "b": b, "y": a + b + 0.5} for a in range(20) for b in range(20)]
        service.init("sums", {"rows": rows}, target="y").raise_for_status()
        service.train("sums").raise_for_status()
