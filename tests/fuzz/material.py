"""What a service has to hold so that every operation of it can succeed: models, tasks in each state, dead letters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from tasks.config.settings import Settings
from tasks.contract import RESULT_MEDIA, Form, Kind, Lane, Media
from tasks.errors import Poison
from tasks.ledger.groups import Group, Head, new_group_id
from tasks.ledger.outcomes import failure
from tasks.ledger.store import Ledger
from tasks.redis_keys import KEYS_OF_MODEL, MODELS_KEY
from tasks.storage.stores import open_blobs
from tests.fuzz.fresh import MODEL as SLOW
from tests.fuzz.fresh import PLACEHOLDER
from tests.fuzz.fresh import SOUND_ROW as ROW
from tests.service import Service

TABLE: Final = "area,rooms,price\n" + "".join(
    f"{30 + 5 * a},{rooms},{(30 + 5 * a) * 3000 + rooms * 10000}\n" for a in range(20) for rooms in range(1, 6)
)
#: Dead letters: some to look at, and one for each case that takes one away.
LETTERS_SEEN: Final = 5
LETTERS_TAKEN: Final = 100
#: Where webhooks are sent of which it does not matter whether they arrive; how many messages there are to send again,
#: and how many webhooks to remove.
NOWHERE: Final = "http://127.0.0.1:9/"
MESSAGES: Final = 5
REMOVED: Final = 100
#: How many accounts there are to look at and to change.
ACCOUNTS: Final = 8
#: How many accounts there are to remove.
LEAVING: Final = 100
#: How many models there are to take something away from, and the alias that each has.
SPARES: Final = 100
#: Of how many of them nobody has asked for a file.
UNMADE: Final = 20
ALIAS: Final = "champion"


def make(service: Service) -> dict[str, list[str]]:
    """Fill the service. Gives handles and the like by the name of the dictionary that schemathesis knows them by."""
    succeeded, failed = _succeeded(service), _failed(service)
    # Who takes a version along waits for its report, which the copies have then, too.
    made = _taken_along(service)
    letters, spares = _letters(service), _spares(service)
    hook = _webhook(service)
    seen, taken = letters[:LETTERS_SEEN], letters[LETTERS_SEEN:]
    return {
        "tasks": [*succeeded, *failed, *seen, *[PLACEHOLDER] * 2],
        # The last that succeeded are estimates, one of each media type. The result of what was given up is a 500.
        "results": [*succeeded[:2], *succeeded[-len(RESULT_MEDIA) :] * 2, *made, *failed[:3], *[PLACEHOLDER] * 2],
        "begun": [PLACEHOLDER, succeeded[0]],
        "letters": seen,
        "spares": spares[UNMADE:],
        "unmade": spares[:UNMADE],
        "webhooks": [hook],
        "messages": [_message(service, hook) for _ in range(MESSAGES)],
        "removed": [_webhook(service) for _ in range(REMOVED)],
        # Some are removed by cases that happen on their names.
        "accounts": [_account(service, f"fuzzed-{number}") for number in range(ACCOUNTS)],
        "leaving": [_account(service, f"leaving-{number}") for number in range(LEAVING)],
        "dropped": taken[::2],
        "replayed": taken[1::2],
    }


def _succeeded(service: Service) -> list[str]:
    """A task of each kind, and an estimate in each media type."""
    service.http.get("/resource/init").raise_for_status()
    table = TABLE.encode()
    answers = [
        service.init("housing", table, target="price", media=Media.CSV),
        service.train("housing"),
        service.init(SLOW, table, target="price", media=Media.CSV, estimator="slow"),
        *(_estimate(service, "housing", ROW, Accept=media) for media in RESULT_MEDIA),
    ]
    return [_handle(answer.raise_for_status().headers["Location"]) for answer in answers]


def _taken_along(service: Service) -> list[str]:
    """Tasks that have made a version's file, one of each form."""
    where = "/v1/models/housing/versions/1/artefact"
    answers = [service.http.get(where, params={"format": form}, headers={"Prefer": "wait=60"}) for form in Form]
    return [
        _handle(answer.raise_for_status().headers["Content-Location"].removesuffix("/result")) for answer in answers
    ]


def _failed(service: Service) -> list[str]:
    """Tasks that ended with an error: 422, 424, 410 for being cancelled, 410 for being late."""
    service.init("untrained", TABLE.encode(), target="price", media=Media.CSV).raise_for_status()
    late = service.http.post(f"/v1/models/{SLOW}/train", params={"deadline": "0.001"}, json={})
    long = service.http.post(f"/v1/models/{SLOW}/train", json={"params": {"iterations": 6000}})
    service.http.delete(long.headers["Location"]).raise_for_status()
    answers = [
        _estimate(service, "housing", {**ROW, "area": "large"}),
        _estimate(service, "untrained", ROW),
        late,
        long,
    ]
    for answer in answers:
        ended = service.http.get(answer.headers["Location"], headers={"Prefer": "wait=60"})
        assert ended.json()["error"], ended.text
    return [_handle(answer.headers["Location"]) for answer in answers]


def _spares(service: Service) -> list[str]:
    """Models as the first one, by copies of its keys: to train each would take long."""
    service.http.put(f"/v1/models/housing/aliases/{ALIAS}", json={"version": 1}).raise_for_status()
    names = [f"spare-{number}" for number in range(SPARES)]
    with service.master() as client, client.pipeline() as pipe:
        for name in names:
            for key in KEYS_OF_MODEL:
                pipe.copy(key.format(model="housing"), key.format(model=name))
        pipe.sadd(MODELS_KEY, *names)
        pipe.execute()
    return names


def _letters(service: Service) -> list[str]:
    """Estimates that were given up. Nobody ends a worker for them: what a worker would write is written here."""
    settings = Settings(redis_url=service.redis_url)
    with service.master() as client:
        ledger = Ledger(client, open_blobs(settings.blobs_url, client), settings=settings)
        heads = [Head(owner="admin", model="housing", media=Media.JSON)] * (LETTERS_SEEN + LETTERS_TAKEN)
        bodies = [json.dumps({"rows": [ROW]}).encode()] * len(heads)
        group = Group(id=new_group_id(), kind=Kind.ESTIMATE, lane=Lane.LOW, heads=heads, bodies=bodies)
        # The worker that gets the message finds the work done.
        with service.halted("worker-estimate"):
            ledger.accept(group)
            claim = ledger.claim(group.id)
            assert claim is not None
            ledger.finish(claim, [failure(Poison("the work ended its worker"))] * len(heads), dead=True)
    return [f"{group.id}-{index}" for index in range(len(heads))]


def _webhook(service: Service) -> str:
    """A webhook that hears of nothing."""
    return str(service.http.post("/v1/webhooks", json={"url": NOWHERE}).raise_for_status().json()["id"])


def _account(service: Service, name: str) -> str:
    """An account that may do little."""
    body = {"name": name, "scopes": ["estimate", "tasks:read"]}
    service.http.post("/v1/accounts", json=body).raise_for_status()
    return name


def _message(service: Service, webhook: str) -> str:
    """A message for it."""
    return str(service.http.post(f"/v1/webhooks/{webhook}/ping").raise_for_status().json()["id"])


def _estimate(service: Service, model: str, row: dict[str, Any], **headers: str) -> Any:
    headers = {"Prefer": "wait=60", **headers}
    return service.http.post(f"/v1/models/{model}/estimate", json={"rows": [row]}, headers=headers)


def _handle(location: str) -> str:
    return Path(location).name
