"""Addresses that answers name: paths as the caller asks for them, which begin with the service's root path."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from falcon.asgi import Request


def task_path(root: str, handle: str) -> str:
    """Where a task is."""
    return f"{root}/v1/tasks/{handle}"


def status_path(root: str, handle: str) -> str:
    """Where the original service says what becomes of a task."""
    return f"{root}/resource/task/status/{handle}"


def dead_path(root: str, handle: str) -> str:
    """Where a dead letter is."""
    return f"{root}/v1/dead/{handle}"


def webhook_path(root: str, webhook: str) -> str:
    """Where a webhook is."""
    return f"{root}/v1/webhooks/{webhook}"


def account_path(root: str, name: str) -> str:
    """Where an account is."""
    return f"{root}/v1/accounts/{quote(name, safe='')}"


def model_path(root: str, model: str) -> str:
    """Where a model is."""
    return f"{root}/v1/models/{model}"


def calling(model: str, *, root: str) -> dict[str, str]:
    """Where a model is, and where it is called: by an estimate, by the Open Inference Protocol, in MLflow's forms."""
    found = model_path(root, model)
    return {
        "self": found,
        "estimate": f"{found}/estimate",
        "infer": f"{root}/v2/models/{model}/infer",
        "invocations": f"{found}/invocations",
    }


def links(handle: str, *, model: str, root: str) -> dict[str, str]:
    """Where to go on from a task."""
    task = task_path(root, handle)
    return {"self": task, "result": f"{task}/result", "model": model_path(root, model)}


def asked_path(req: Request) -> str:
    """What was asked for, without the query."""
    return quote(f"{req.root_path}{req.path}")


def next_page(req: Request, given: Mapping[str, str], *, after: object) -> str:
    """Where a list goes on that was asked for with these parameters."""
    return f"{asked_path(req)}?{urlencode({**given, 'after': after})}"
