"""The Django site of examples/celery-callers, asked as Django's own tests ask one."""

from __future__ import annotations

import time
from typing import Any

import callers  # type: ignore[import-not-found]
from asking import NUMBERS, asked, tell  # type: ignore[import-not-found]

django_site: Any = callers.module("django_site")
AT = asked()
django_site.MODEL = AT.numbers
WAIT_SECONDS = 60


def main() -> None:
    """Predict, be refused, and train."""
    from django.test import Client  # type: ignore[import-not-found,import-untyped,unused-ignore]

    site = Client()

    def predictions() -> list[float]:
        return [site.get(f"/predict/{a}/{b}").json()["prediction"] for a, b in NUMBERS]

    found = predictions()
    django_site.MODEL = "missing"
    refused = site.get("/predict/1/2")
    assert (refused.status_code, "ModelNotInitialised" in refused.json()["error"]) == (422, True), refused.content
    django_site.MODEL = AT.numbers
    accepted = site.post("/train")
    assert accepted.status_code == 202, accepted.content
    until = time.monotonic() + WAIT_SECONDS
    while (told := site.get(f"/train/{accepted.json()['id']}").json())["state"] != "SUCCESS":
        assert told["state"] in ("PENDING", "STARTED", "PROGRESS"), told
        assert time.monotonic() < until, told
        time.sleep(0.2)
    assert told["version"] == 2, told
    tell(numbers=found, numbers_of_the_next=predictions())


if __name__ == "__main__":
    main()
