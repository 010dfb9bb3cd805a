"""The objects of the HTTP API: their fields and types."""

from __future__ import annotations

import json

from docs.generate.markdown import code, table
from docs.generate.openapi import Definition, Node


def schemas() -> str:
    """A section for each schema of the definition."""
    definition = Definition()
    return "\n".join(_section(name, node) for name, node in definition.node["components"]["schemas"].items())


def type_of(node: Node) -> str:
    """The type of a schema in words, with links to those that have a section."""
    if "$ref" in node:
        # Of a schema, or of one of its properties, which have no section of their own.
        name, *within = node["$ref"].removeprefix("#/components/schemas/").split("/")
        link = f"[{name}](#schema-{name.lower()})"
        return f"as in {link}" if within else link
    for key, word in (("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")):
        if key in node:
            return word.join(dict.fromkeys(type_of(part) for part in node[key]))
    if "enum" in node:
        return " or ".join(code(json.dumps(value)) for value in node["enum"])
    if "const" in node:
        return code(json.dumps(node["const"]))
    return _plain_type(node)


def bounds(node: Node) -> str:
    """What else a schema says of its values, and the default."""
    words = {"minimum": "from", "maximum": "to", "maxLength": "characters at most:", "default": "default:"}
    return ", ".join(f"{word} {code(json.dumps(node[key]))}" for key, word in words.items() if key in node)


def _plain_type(node: Node) -> str:
    kinds = node.get("type", "any")
    names = [kinds] if isinstance(kinds, str) else list(kinds)
    return " or ".join(_named(name, node) for name in names)


def _named(name: str, node: Node) -> str:
    if name == "array" and "items" in node:
        return f"array of {type_of(node['items'])}"
    if name == "object" and isinstance(node.get("additionalProperties"), dict):
        return f"object of {type_of(node['additionalProperties'])}"
    return name


def _section(name: str, node: Node) -> str:
    head = f"(schema-{name.lower()})=\n### {name}\n\n"
    described = f"{node['description'].strip()}\n\n" if "description" in node else ""
    needed = node.get("required", ())
    rows = [
        (code(field), type_of(of), "yes" if field in needed else "", of.get("description", ""))
        for field, of in node.get("properties", {}).items()
    ]
    if not rows:
        return f"{head}{described}Type: {type_of(node)}.\n"
    return f"{head}{described}{table(('field', 'type', 'always there', 'meaning'), rows)}"
