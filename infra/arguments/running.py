"""The commands about a running service, and its data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from infra.arguments.calling import anywhere
from infra.arguments.common import add_home, command
from tasks.contract import Form

if TYPE_CHECKING:
    from infra.arguments.common import Subparsers


def add_running(commands: Subparsers) -> None:
    """Look at it, and have it renewed or mended."""
    status = command(commands, "status", "infra.commands.status:run", help="memory, queues, workers, models")
    status.add_argument("--json", action="store_true", help="as one JSON object")
    add_home(status)

    watch = command(commands, "watch", "infra.commands.watch:run", help="show a task until it is over")
    watch.add_argument("id", metavar="ID")
    anywhere(watch, "infra.commands.remote:watch")
    add_home(watch)

    restart = command(
        commands,
        "restart",
        "infra.supervision.restart:run",
        help="new processes of the same code, while requests are answered",
    )
    restart.add_argument(
        "programs", nargs="*", metavar="PROGRAM", help="as `status` lists them; default: all but valkey"
    )
    add_home(restart)

    repair = command(commands, "repair", "infra.commands.repair:run", help="mend damaged data of the embedded Valkey")
    how = repair.add_mutually_exclusive_group()
    how.add_argument("--cut", action="store_true", help="end the data before the damage")
    how.add_argument("--skip", action="store_true", help="leave out what cannot be read, keep what came later")
    add_home(repair)


def add_dead_letters(commands: Subparsers) -> None:
    """Work that was given up."""
    dead = command(
        commands,
        "dead",
        "infra.commands.dead_letters:show_all",
        help="work that was given up: look at it, try it again",
    )
    actions = dead.add_subparsers(required=True, metavar="ACTION")
    listed = command(actions, "list", "infra.commands.dead_letters:show_all", help="list it, the newest first")
    shown = command(actions, "show", "infra.commands.dead_letters:show", help="print all that is known of one")
    shown.add_argument("--body", type=Path, metavar="FILE", help="write its body into this file, which must be new")
    replay = command(
        actions, "replay", "infra.commands.dead_letters:replay", help="submit it anew for its owner; prints the new ids"
    )
    drop = command(actions, "drop", "infra.commands.dead_letters:drop", help="remove it and its body")
    for action in (shown, replay, drop):
        action.add_argument("id", nargs=None if action is shown else "+", help="the id of the task")
    for action in (listed, shown, replay, drop):
        action.add_argument("--json", action="store_true", help="as JSON")
        add_home(action)


def add_sources(commands: Subparsers) -> None:
    """Data that init may read by name."""
    sources = command(commands, "sources", "infra.commands.sources:show_all", help="data that init may read by name")
    actions = sources.add_subparsers(required=True, metavar="ACTION")
    listed = command(actions, "list", "infra.commands.sources:show_all", help="list the sources")
    check = command(
        actions, "check", "infra.commands.sources:check", help="read a little of each, and say what a database says"
    )
    check.add_argument("name", nargs="?", metavar="NAME", help="one of them; default: all")
    for action in (listed, check):
        add_home(action)


def add_models(commands: Subparsers) -> None:
    """What there is to predict with."""
    models = command(commands, "models", "infra.commands.models:show_all", help="models and their versions")
    actions = models.add_subparsers(required=True, metavar="ACTION")
    listed = command(actions, "list", "infra.commands.models:show_all", help="list the models")
    listed.add_argument("--json", action="store_true", help="as one JSON array")
    listed.add_argument("--tag", metavar="NAME[:VALUE]", help="only those that have this tag")
    note = command(actions, "note", "infra.commands.models:note", help="change notes and tags of a model or a version")
    note.add_argument("--notes", metavar="TEXT", help="what to say of it; an empty text takes it away")
    note.add_argument(
        "--tag", action="append", default=[], metavar="NAME[=VALUE]", help="set a tag; without = take it away"
    )
    anywhere(listed, "infra.commands.remote:models")
    shown = command(actions, "show", "infra.commands.models:show", help="print all that is known of one, as JSON")
    anywhere(shown, "infra.commands.remote:model")
    shown.add_argument("--history", action="store_true", help="what happened to it and who asked for it, newest first")
    promote = command(actions, "promote", "infra.commands.models:promote", help="make a version answer estimates")
    promote.add_argument("--reason", default="", metavar="TEXT", help="why, for the history")
    delete = command(
        actions,
        "delete",
        "infra.commands.models:delete",
        help="delete a model, but for its history; bytes go with a sweep",
    )
    delete.add_argument("--data", action="store_true", help="only its data; versions stay and answer")
    delete.add_argument("--force", action="store_true", help="also what is current or unfinished work is about")
    export = command(
        actions,
        "export",
        "infra.commands.exchange:take",
        help="write a version with all that is known of it into a file",
    )
    export.add_argument(
        "--version", metavar="V", default="current", help="a number or an alias; default: the current one"
    )
    export.add_argument("--out", metavar="FILE", help="a new file, -: standard output; default: MODEL-V.zip")
    export.add_argument(
        "--format",
        choices=[form.value for form in Form],
        default=Form.ZIP.value,
        help="onnx: the model alone; default: zip",
    )
    for action in (shown, note, promote, delete, export):
        action.add_argument("model", metavar="MODEL")
    for action in (shown, note, delete):
        action.add_argument("--version", type=int, metavar="N", help="only this version")
    promote.add_argument("version", type=int, metavar="N")
    for action in (listed, shown, note, promote, delete, export):
        add_home(action)


def add_import(commands: Subparsers) -> None:
    """Bring a model in."""
    bring = command(
        commands, "import", "infra.commands.exchange:bring", help="make a version of a model that was trained elsewhere"
    )
    bring.add_argument(
        "source",
        metavar="SOURCE",
        help="a zip of `models export`, a folder of MLflow or its zip, a model in LightGBM's text, or the URL of a zip",
    )
    bring.add_argument("--model", metavar="MODEL", required=True, help="whose version it becomes; a new one is made")
    bring.add_argument("--schema", metavar="FILE", help="with LightGBM's text: JSON of its columns, target, classes")
    bring.add_argument("--target", metavar="NAME", help="what it predicts, where it does not say so")
    bring.add_argument(
        "--promote", choices=("always", "never"), default="always", help="whether it answers estimates; default: always"
    )
    bring.add_argument("--replace", action="store_true", help="also if the model's current version has other columns")
    add_home(bring)
