"""A Django site that asks a model, and has it trained again, by Celery's own calls: it installs nothing of ours.

In a project, the settings below stand in its settings.py and the views in an app of it.
"""

import os
from typing import Any

from celery import Celery, uuid
from celery.exceptions import TimeoutError as NotYet
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

MODEL = "sums"

settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["127.0.0.1", "testserver"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    # `mlservice env` prints both.
    MODELS_BROKER_URL=os.environ["CELERY_BROKER_URL"],
    MODELS_RESULT_BACKEND=os.environ["CELERY_RESULT_BACKEND"],
)
application = get_wsgi_application()

# A site with tasks of its own has a Celery app of its own beside this one; `set_as_current` keeps them apart.
models = Celery("models", set_as_current=False)
models.config_from_object("django.conf:settings", namespace="MODELS")


@require_GET
def predict(request: HttpRequest, a: str, b: str) -> JsonResponse:
    """The answer in the page's own request, as a prediction takes milliseconds."""
    try:
        row = {"a": float(a), "b": float(b)}
    except ValueError as error:
        return JsonResponse({"error": str(error)}, status=400)
    asked = models.send_task("tasks.estimate", kwargs={"model": MODEL, "rows": [row]}, queue="estimate")
    try:
        return JsonResponse({"prediction": asked.get(timeout=5)["predictions"][0]})
    except NotYet:
        return JsonResponse({"error": "the model does not answer in time"}, status=503)
    except Exception as error:  # what the service refuses has the name and words of its own error
        return JsonResponse({"error": f"{type(error).__name__}: {error}"}, status=422)


@csrf_exempt
@require_POST
def retrain(request: HttpRequest) -> JsonResponse:
    """A train takes minutes: the page gets its id, and asks `trained` later. It is sent when the transaction is whole,
    so that no train is on its way for what is rolled back."""
    task = uuid()
    train = models.signature("tasks.train", args=(MODEL,), queue="train", task_id=task)
    transaction.on_commit(train.apply_async)
    return JsonResponse({"id": task}, status=202)


@require_GET
def trained(request: HttpRequest, task: str) -> JsonResponse:
    """How far it is, and what came of it."""
    found = models.AsyncResult(task)
    told: dict[str, Any] = {"state": found.state}
    if found.successful():
        told["version"] = found.result["version"]
    elif found.failed():
        told["error"] = str(found.result)
    elif found.state == "PROGRESS":
        told["iteration"] = found.info["iteration"]
    return JsonResponse(told)


urlpatterns = [
    path("predict/<str:a>/<str:b>", predict),
    path("train", retrain),
    path("train/<str:task>", trained),
]
