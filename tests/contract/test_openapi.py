"""`gateway/ml-service.yml` says what the gateway does: routes, methods, parameters, names; its examples are right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from falcon import inspect
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

import gateway
from gateway.app import create_app
from gateway.identity.accounts import SCOPES
from gateway.resources.docs import ASSETS, DEFINITION
from gateway.resources.submitting import EVERY_KIND, PARAMETERS
from gateway.web.errors import TABLE
from infra.nginx.error_pages import OWN_HEADERS, TEXTS
from tasks.config.settings import Settings
from tasks.contract import HANDLE, MODEL_NAME, PROBLEM, PROTOCOL_MEDIA, Kind, Lane, Media, Promote, State
from tests.definition import definition

#: What only NGINX asks.
INTERNAL = "/internal/"
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
#: Routes that need no token, with what they need instead.
OPEN: dict[tuple[str, str], list[dict[str, list[str]]]] = {
    ("/v1/token", "post"): [{"password": []}],
    ("/v1/session", "post"): [{"password": []}, {"token": []}, {}],
    ("/resource/auth", "get"): [{"password": []}],
    ("/.well-known/jwks.json", "get"): [],
    ("/health/live", "get"): [],
    ("/health/ready", "get"): [],
    ("/openapi.yml", "get"): [],
    ("/docs", "get"): [],
    ("/docs/{asset}", "get"): [],
    ("/v2", "get"): [],
    ("/v2/health/live", "get"): [],
    ("/v2/health/ready", "get"): [],
}
#: Where several statuses are written once: the original routes, and those of other protocols.
TOGETHER = ("/resource/", "/v2", "/invocations", "/v1/models/{model}/invocations")

#: What can come of any request: it is malformed, slow, too large, one of too many; there is no room, or the gateway is
#: away.
EVERYWHERE = {400, 408, 413, 414, 429, 431, 501, 502, 503, 504}
#: What the gateway alone says: it fails.
OF_THE_GATEWAY = {500}
#: What NGINX says as well, and why not every operation has it.
ELSEWHERE = {
    401: "of a guarded one, as the gateway's",
    403: "of a guarded one, as the gateway's",
    404: "of no route",
    405: "of no method: said at the head of the file",
    421: "only where clients have certificates",
    505: "no HTTP: said at the head of the file",
}
#: Bodies of which a text can show nothing.
BINARY = {Media.PARQUET, Media.ARROW, Media.ORC, Media.XLSX, Media.FORM, Media.BYTES, "image/png", "application/zip"}

Operation = tuple[str, str]


@pytest.fixture(scope="module", name="definition")
def whole() -> dict[str, Any]:
    """The file."""
    return definition()


@pytest.fixture(scope="module")
def operations(definition: dict[str, Any]) -> dict[Operation, dict[str, Any]]:
    """Every operation of the file, by route and method."""
    return {
        (path, method): operation
        for path, item in definition["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def app() -> Any:
    return create_app(Settings(token_key="k" * 40))


def routes() -> set[Operation]:
    """Every route and method of the app that we wrote ourselves and that is for others; HEAD follows GET."""
    return {
        (route.path, method.method.lower())
        for route in inspect.inspect_routes(app())
        for method in route.methods
        if not method.internal and method.method != "HEAD" and not route.path.startswith(INTERNAL)
    }


def resolve(document: dict[str, Any], node: Any) -> Any:
    """The node, or what it refers to."""
    while isinstance(node, dict) and "$ref" in node:
        found: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        node = found
    return node


def parameters(document: dict[str, Any], operation: Operation) -> dict[str, dict[str, Any]]:
    """The parameters of an operation, by "in name"."""
    path, method = operation
    item = document["paths"][path]
    given = [*item.get("parameters", []), *item[method].get("parameters", [])]
    return {f"{p['in']} {p['name']}": p for p in (resolve(document, g) for g in given)}


def walk(node: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of the file, and where it is."""
    if isinstance(node, dict):
        yield where, node
        for key, value in node.items():
            yield from walk(value, f"{where}/{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from walk(value, f"{where}/{index}")


def test_the_file_says_where_head_is(definition: dict[str, Any]) -> None:
    said = " ".join(definition["info"]["description"].split())
    assert "`HEAD` is answered wherever `GET` is" in said
    found = {
        (route.path, method.method)
        for route in inspect.inspect_routes(app())
        for method in route.methods
        if not method.internal
    }
    without = {path for path, method in found if method == "GET" and (path, "HEAD") not in found}
    assert all(f"only `{path}`" in said for path in without)
    assert len(without) == 1


def test_the_file_is_valid(definition: dict[str, Any]) -> None:
    errors = [f"{list(error.path)}: {error.message}" for error in OpenAPIV31SpecValidator(definition).iter_errors()]
    assert not errors
    assert definition["openapi"].startswith("3.1.")


def test_app_and_file_have_the_same_routes(operations: dict[Operation, dict[str, Any]]) -> None:
    assert routes() - operations.keys() == set(), "these are not in ml-service.yml"
    assert operations.keys() - routes() == set(), "these are in ml-service.yml only"


def test_the_file_has_the_version_of_the_package(definition: dict[str, Any]) -> None:
    setup = (Path(gateway.__file__).parents[1] / "setup.cfg").read_text()
    assert f"version = {definition['info']['version']}\n" in setup


def test_every_operation_is_described(definition: dict[str, Any], operations: dict[Operation, dict[str, Any]]) -> None:
    names = [operation["operationId"] for operation in operations.values()]
    assert len(names) == len(set(names))
    tags = {tag["name"] for tag in definition["tags"]}
    for key, operation in operations.items():
        assert operation["summary"], key
        assert set(operation["tags"]) <= tags, key
        assert any(status.startswith("2") for status in operation["responses"]), key


def test_path_parameters_are_those_of_the_path(
    definition: dict[str, Any], operations: dict[Operation, dict[str, Any]]
) -> None:
    for path, method in operations:
        named = {part.strip("{}") for part in path.split("/") if part.startswith("{")}
        given = {key.removeprefix("path ") for key in parameters(definition, (path, method)) if key.startswith("path ")}
        assert given == named, path


@pytest.mark.parametrize("kind", Kind)
def test_submits_have_the_parameters_that_the_gateway_reads(definition: dict[str, Any], kind: Kind) -> None:
    found = parameters(definition, (f"/v1/models/{{model}}/{kind.value}", "post"))
    query = {key.removeprefix("query ") for key in found if key.startswith("query ")}
    assert query == EVERY_KIND | PARAMETERS[kind]
    assert {"header Prefer", "header X-Request-Id", "header traceparent"} <= found.keys()


def test_who_may_call_is_said_of_every_operation(
    definition: dict[str, Any], operations: dict[Operation, dict[str, Any]]
) -> None:
    for key, operation in operations.items():
        if key in OPEN:
            assert operation["security"] == OPEN[key], key
            continue
        accounts, tokens = (
            [way[name] for way in operation["security"] if name in way] for name in ("account", "token")
        )
        assert accounts, key
        assert accounts == tokens, key
        assert {scope for scopes in accounts for scope in scopes} <= set(SCOPES), key
        assert {"401", "403"} <= set(operation["responses"]), key
    flows = definition["components"]["securitySchemes"]["account"]["flows"]
    assert list(flows["clientCredentials"]["scopes"]) == list(SCOPES)
    assert (flows["clientCredentials"]["tokenUrl"], "post") in operations


def test_names_are_those_of_the_contract(definition: dict[str, Any]) -> None:
    schemas = definition["components"]["schemas"]
    assert schemas["State"]["enum"] == [state.value for state in State]
    assert schemas["Lane"]["enum"] == [lane.value for lane in Lane]
    assert schemas["Kind"]["enum"] == [kind.value for kind in Kind]
    assert schemas["TrainRequest"]["properties"]["promote"]["enum"] == [rule.value for rule in Promote]
    assert schemas["ModelName"]["pattern"] == f"^{MODEL_NAME.pattern}$"
    assert schemas["Handle"]["pattern"] == f"^{HANDLE.pattern.replace('(', '').replace(')', '')}$"
    asset = definition["paths"]["/docs/{asset}"]["parameters"][0]
    assert asset["schema"]["enum"] == sorted(ASSETS)
    for where in ("/v1/models/{model}/init", "/v1/models/{model}/estimate", "/resource/predict"):
        body = resolve(definition, definition["paths"][where]["post"]["requestBody"])
        assert list(body["content"]) == [media.value for media in Media if media not in PROTOCOL_MEDIA], where


def test_all_that_is_defined_is_used(definition: dict[str, Any]) -> None:
    # Some refer to a part of one.
    used = {"/".join(node["$ref"].split("/")[:4]) for _, node in walk(definition) if "$ref" in node}
    defined = {
        f"#/components/{kind}/{name}"
        for kind, named in definition["components"].items()
        if kind != "securitySchemes"
        for name in named
    }
    assert defined == used


def test_examples_fit_their_schemas(definition: dict[str, Any]) -> None:
    checked = 0
    for where, node in walk(definition):
        if "schema" not in node or not isinstance(node["schema"], dict):
            continue
        values = [node["example"]] if "example" in node else []
        values += [example["value"] for example in node.get("examples", {}).values()]
        whole = {**node["schema"], "components": definition["components"]}
        validator = Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)
        for value in values:
            found = [error.message for error in validator.iter_errors(value)]
            assert not found, where
            checked += 1
    assert checked > 30


def answers(document: dict[str, Any]) -> Iterator[tuple[Operation, int, dict[str, Any]]]:
    """Every answer of every operation."""
    for path, item in document["paths"].items():
        for method in item.keys() & METHODS:
            for status, response in item[method]["responses"].items():
                yield (path, method), int(status), resolve(document, response)


def test_every_operation_lists_what_can_come_of_it(definition: dict[str, Any]) -> None:
    listed: dict[Operation, set[int]] = {}
    for key, status, _ in answers(definition):
        listed.setdefault(key, set()).add(status)
    assert TEXTS.keys() == EVERYWHERE | ELSEWHERE.keys()
    for key, statuses in listed.items():
        guarded = set() if key in OPEN else {401, 403}
        assert (EVERYWHERE | OF_THE_GATEWAY | guarded) <= statuses, key
    assert {status for status, _ in TABLE.values()} <= {status for statuses in listed.values() for status in statuses}


def test_every_answer_says_its_headers(definition: dict[str, Any]) -> None:
    for key, status, response in answers(definition):
        headers = {name: resolve(definition, header) for name, header in response["headers"].items()}
        where = (key, status)
        assert headers["X-Request-Id"]["required"], where
        assert ("WWW-Authenticate" in headers) == (status in (401, 403)), where
        if "Retry-After" in OWN_HEADERS.get(status, {}) or status == 202:
            # The original service's client looks again when it likes.
            assert "Retry-After" in headers or key[0] == "/resource/init", where
        if key not in OPEN and status < 300:
            assert {"RateLimit", "RateLimit-Policy"} <= headers.keys(), where
        for name, header in headers.items():
            assert {"description", "schema", "example"} <= header.keys(), (where, name)


def test_everything_has_an_example(definition: dict[str, Any], operations: dict[Operation, dict[str, Any]]) -> None:
    contents = [(key, media, shown) for key, _, response in answers(definition) for media, shown in content(response)]
    for key, operation in operations.items():
        contents += [(key, *pair) for pair in content(resolve(definition, operation.get("requestBody", {})))]
        for name, parameter in parameters(definition, key).items():
            assert parameter["description"], (key, name)
            assert "example" in {**parameter, **dict(content(parameter)).get(Media.JSON, {})}, (key, name)
    for key, media, shown in contents:
        assert media in BINARY or {"example", "examples"} & shown.keys(), (key, media)
    assert len(contents) > 300


def content(node: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The bodies that an answer, a request or a parameter has, by media type."""
    return list(node.get("content", {}).items())


def test_an_example_of_a_problem_has_the_status_of_its_answer(definition: dict[str, Any]) -> None:
    for key, status, response in answers(definition):
        shown = dict(content(response)).get(PROBLEM)
        if shown and not key[0].startswith(TOGETHER):
            assert shown["example"]["status"] == status, key
            if status in EVERYWHERE and shown["example"]["type"] == "about:blank":
                assert (shown["example"]["title"], shown["example"]["detail"]) == TEXTS[status], status


def test_answers_have_no_more_than_is_written(definition: dict[str, Any]) -> None:
    for key, status, response in answers(definition):
        for _, shown in content(response):
            for where, node in reached(definition, shown.get("schema", {})):
                if "properties" in node and key[0] != "/openapi.yml":
                    assert node.get("additionalProperties") is False, (key, status, where)


def reached(document: dict[str, Any], node: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of a schema, also those that it refers to."""
    for where, found in walk(node):
        yield where, found
        if "$ref" in found:
            yield from reached(document, resolve(document, found))


def test_readers_in_java_take_it() -> None:
    """SnakeYAML, with which openapi-generator reads a definition, takes 50 aliases of what is no scalar."""
    events = list(yaml.parse(DEFINITION.read_text()))
    named = {event.anchor for event in events if isinstance(event, yaml.CollectionStartEvent) and event.anchor}
    used = [event for event in events if isinstance(event, yaml.AliasEvent) and event.anchor in named]
    assert 0 < len(used) <= 50


def lists_of_nothing(part: Any, place: str = "") -> Iterator[str]:
    """Where a schema is a list that does not say of what: generators leave such a schema out, and all that have it."""
    if isinstance(part, dict):
        kinds = part.get("type")
        if "array" in (kinds if isinstance(kinds, list) else [kinds]) and not {"items", "prefixItems"} & part.keys():
            yield place
        for name, value in part.items():
            if name not in ("example", "examples", "not"):
                yield from lists_of_nothing(value, f"{place}/{name}")
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield from lists_of_nothing(value, f"{place}/{index}")


def test_every_list_says_of_what() -> None:
    assert list(lists_of_nothing(definition())) == []
