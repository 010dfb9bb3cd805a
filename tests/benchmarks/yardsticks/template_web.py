"""The web process of the common Celery template: send a message, wait for its result inside the request.

Served by gunicorn, 5 workers with 3 threads each.
"""

from __future__ import annotations

from flask import Flask, Response, jsonify, request

from tests.benchmarks.yardsticks.template_tasks import predict as task

#: Longest wait for a result (seconds).
PATIENCE_SECONDS = 10


def create_app() -> Flask:
    """The app."""

    def predict() -> Response:
        sent = task.apply_async(args=[request.get_json()["rows"]])
        return jsonify(task_id=sent.id, predictions=sent.get(timeout=PATIENCE_SECONDS))

    app = Flask("template")
    app.add_url_rule("/predict", view_func=predict, methods=["POST"])
    return app
