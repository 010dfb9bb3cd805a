"""What is promised of the service below a path, and to pages of other sites."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from gateway.identity.session import PAGE
from gateway.resources.docs import ADDRESSES, DEFINITION
from infra.nginx import cors, root_path
from tasks.config.areas.outward import OWN_NAMES

HOUSE: Final = Path(__file__).parents[2]
TEMPLATE: Final = HOUSE / "infra" / "nginx" / "nginx.conf.template"
#: Where paths of the API stand without a root path: the tables of routes, and what makes addresses of them.
PLAIN: Final = {"routes.py", "webhook_routes.py", "addresses.py", "manners.py"}
#: What a page may send and read without being told so (Fetch, 2.2.2), and what no script sees of an answer.
SAFE: Final = {"accept", "cache-control", "content-length", "content-type", "last-modified", "set-cookie", "vary"}


def definition() -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(DEFINITION.read_text(), Loader=yaml.CSafeLoader)
    return found


def literals(file: Path) -> Iterator[str]:
    """The texts of a module that are no docstrings, and the first pieces of those that are put together."""
    tree = ast.parse(file.read_text())
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value


def test_no_answer_names_an_address_without_the_root_path() -> None:
    found = {
        (file.name, text)
        for file in (HOUSE / "gateway").rglob("*.py")
        for text in literals(file)
        if file.name not in PLAIN and re.match(r"/(v1|v2|resource)/", text)
    }
    assert not found, "make addresses with gateway/web/addresses.py"


def test_no_root_path_is_like_a_path_of_the_service() -> None:
    routes = {path.split("/")[1] for path in definition()["paths"]}
    places = set(re.findall(r"location (?:= |\^~ |)/([a-z0-9.]+)", TEMPLATE.read_text()))
    assert {name for name in routes | places if not name.startswith(".")} <= OWN_NAMES


def test_what_only_nginx_enters_is_kept_from_who_comes_by_the_root_path() -> None:
    blocks = re.findall(r"location (?:= |\^~ |)/([a-z]+)[^{]*\{\s+internal;", TEMPLATE.read_text())
    assert {"problem", "status", "large", "authorize"} <= set(blocks)
    assert {*blocks, "internal", cors.PREFLIGHT.strip("/")} == set(root_path.INTERNAL)


def test_the_definition_has_each_line_that_names_an_address() -> None:
    text = DEFINITION.read_bytes()
    assert all(text.count(line) == 1 for line in ADDRESSES)


def test_pages_of_other_sites_may_send_and_read_all_headers_of_the_api() -> None:
    sent: set[str] = set()
    told: set[str] = set()

    def look(value: Any) -> None:
        if isinstance(value, dict):
            if value.get("in") == "header":
                sent.add(str(value["name"]).lower())
            headers = value.get("headers")
            if isinstance(headers, dict):
                told.update(name.lower() for name in headers)
            for part in value.values():
                look(part)
        elif isinstance(value, list):
            for part in value:
                look(part)

    document = definition()
    # What answers name, by whatever name.
    del document["components"]["headers"]
    look(document)
    assert "prefer" in sent
    assert "location" in told
    # With it a page speaks in the name of who is signed in: that is for our own pages.
    assert PAGE.lower() in sent
    assert sent - SAFE - {PAGE.lower()} == sent & {name.lower() for name in cors.REQUEST_HEADERS}
    assert told - SAFE <= {name.lower() for name in cors.ANSWER_HEADERS}


def test_pages_of_other_sites_may_use_all_methods_of_the_api() -> None:
    used = {method.upper() for path in definition()["paths"].values() for method in path if method != "parameters"}
    assert used - {"OPTIONS"} <= set(cors.METHODS)
