"""The Django site of examples/celery-callers, asked as Django's own tests ask one."""

from __future__ import annotations

from typing import Any

import callers  # type: ignore[import-not-found]
from asking import NUMBERS, asked, tell  # type: ignore[import-not-found]

django_site: Any = callers.module("django_site")
AT = asked()
django_site.MODEL = AT.numbers


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
    assert site.get("/predict/one/2").status_code == 400
    accepted = site.post("/train")
    assert accepted.status_code == 202, accepted.content
    told = callers.trained(lambda: site.get(f"/train/{accepted.json()['id']}").json())
    assert told["version"] == 2, told
    tell(numbers=found, numbers_of_the_next=predictions())


if __name__ == "__main__":
    main()
