"""The routes of the HTTP API: from its definition, gateway/ml-service.yml."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any, Final

from docs.generate.markdown import code, codes, table
from docs.generate.openapi import Definition, Node, Operation
from docs.generate.schemas import bounds, type_of

#: What a JSON body is called.
JSON: Final = "application/json"
#: From this status on an answer is a refusal.
FIRST_REFUSAL: Final = "400"
#: The tag of the routes whose refusals are not problems.
ORIGINAL: Final = "original"


def routes() -> str:
    """A part for each tag of the definition, with a section for each operation."""
    definition = Definition()
    operations = list(definition.operations())
    parts = []
    for tag in definition.node["tags"]:
        parts.append(f"## {tag['name'].capitalize()}\n\n{tag['description'].strip()}\n")
        parts += [_section(definition, one) for one in operations if tag["name"] in one.node["tags"]]
    return "\n".join(parts)


def refusals() -> str:
    """The answers that several routes share: status and when it is given."""
    definition = Definition()
    operations = list(definition.operations())
    found: dict[str, list[str]] = defaultdict(list)
    for name, node in definition.node["components"]["responses"].items():
        reference = {"$ref": f"#/components/responses/{name}"}
        statuses = {
            status
            for one in operations
            for status, answer in one.node["responses"].items()
            if answer == reference and status >= FIRST_REFUSAL and ORIGINAL not in one.node["tags"]
        }
        for status in statuses:
            found[status].append(node["description"])
    return table(("status", "when"), ((status, " ".join(dict.fromkeys(found[status]))) for status in sorted(found)))


def _section(definition: Definition, operation: Operation) -> str:
    node = operation.node
    parts = [f"### `{operation.title}`", node["summary"] + ".", node.get("description", "").strip(), _needs(node)]
    parts += [_parameters(definition, node), _body(definition, node), _answers(definition, node)]
    return "\n\n".join(part.rstrip() for part in parts if part) + "\n"


def _needs(node: Node) -> str:
    """Who may ask."""
    schemes = {name: scopes for one in node.get("security", ()) for name, scopes in one.items()}
    if not schemes:
        return "No account is needed."
    if "token" in schemes:
        scopes = schemes["token"]
        return f"Needs a token with the scope {codes(scopes)}." if scopes else "Needs a token."
    return "Needs the name and the password of an account."


def _parameters(definition: Definition, node: Node) -> str:
    rows = []
    for parameter in map(definition.resolved, node["parameters"]):
        schema = parameter.get("schema", {})
        meaning = " ".join(filter(None, (parameter.get("description", ""), _in_brackets(bounds(schema)))))
        rows.append((code(parameter["name"]), parameter["in"], type_of(schema), meaning))
    return table(("parameter", "in", "type", "meaning"), rows) if rows else ""


def _body(definition: Definition, node: Node) -> str:
    if "requestBody" not in node:
        return ""
    body = definition.resolved(node["requestBody"])
    rows = [(code(media), type_of(of["schema"]) if "schema" in of else "") for media, of in body["content"].items()]
    example = _example(body["content"].get(JSON, {}))
    return f"{body.get('description', 'The body:').strip()}\n\n{table(('body', 'type'), rows)}\n{example}"


def _answers(definition: Definition, node: Node) -> str:
    """The answers that this operation describes by itself, and the statuses of those that it shares with others."""
    own, shared, examples = [], [], []
    for status, answer in node["responses"].items():
        if "$ref" in answer and status >= FIRST_REFUSAL:
            shared.append(status)
            continue
        of = definition.resolved(answer)
        content = of.get("content", {})
        bodies = "; ".join(f"{code(media)} {type_of(one.get('schema', {}))}" for media, one in content.items())
        own.append((status, of["description"], bodies.replace(" any", "")))
        if status == "200":
            examples.append(_example(content.get(JSON, {})))
    refused = f"[Refusals](#answers-that-routes-share): {', '.join(shared)}." if shared else ""
    return "\n\n".join(filter(None, (table(("answer", "meaning", "body"), own), *examples, refused)))


def _example(media: Node) -> str:
    """The first example of a JSON body, as a block."""
    examples: list[Any] = [media["example"]] if "example" in media else []
    examples += [one["value"] for one in media.get("examples", {}).values() if "value" in one]
    return f"```json\n{json.dumps(examples[0], indent=2)}\n```" if examples else ""


def _in_brackets(text: str) -> str:
    return f"({text})" if text else ""
