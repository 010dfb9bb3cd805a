"""The pages: their links lead somewhere, and what is generated of the reference has all that there is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.core import Metric

from docs.generate.commands import commands, leaves
from docs.generate.errors import errors, tree
from docs.generate.metrics import families, metrics
from docs.generate.openapi import Definition
from docs.generate.pages import MARK, PARTS, fill
from docs.generate.routes import routes
from docs.generate.schemas import schemas
from docs.generate.settings import settings
from gateway.web.errors import URN, problem_type
from infra.cli import parser
from tasks.config.settings import COMMAND_VARIABLES, describe
from tasks.errors import ServiceError
from tasks.tables.finding_codes import CODES
from tasks.tables.planning.options import OPTIONS, ROLES, TYPES

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
#: All that is written for people to read.
PAGES = sorted(
    [*DOCS.rglob("*.md"), *ROOT.glob("*.md"), ROOT / "findings" / "README.md", ROOT / "monitoring" / "runbook.md"]
)
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """(file, heading) of each link of a page that leads to a file of ours; no heading if it names none."""
    for target in LINK.findall(BLOCK.sub("", page.read_text())):
        if "://" not in target and not target.startswith("mailto:"):
            path, _, heading = target.partition("#")
            yield (page.parent / path if path else page), heading


def headings(page: Path) -> set[str]:
    """What links may name of a page, spelled as GitHub and MyST do."""
    found = re.findall(r"^#+ (.+)$", BLOCK.sub("", fill(page.read_text())), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in found)
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for file, heading in links(page):
        assert file.exists(), f"{page.relative_to(ROOT)} links to {file}"
        assert not heading or heading in headings(file), f"{page.relative_to(ROOT)} links to {file.name}#{heading}"


def test_every_page_can_be_reached_from_the_first() -> None:
    contents = re.findall(r"^```\{toctree\}.*?^```", (DOCS / "index.md").read_text(), re.MULTILINE | re.DOTALL)
    listed = {
        DOCS / f"{line}.md" for block in contents for line in block.splitlines() if re.fullmatch(r"[\w/-]+", line)
    }
    assert listed | {DOCS / "index.md"} == set(DOCS.rglob("*.md"))


def test_every_generated_part_has_its_page() -> None:
    marks = [name for page in PAGES for name in MARK.findall(page.read_text())]
    assert sorted(marks) == sorted(PARTS)


def test_a_mark_becomes_its_part() -> None:
    assert fill("before\n<!-- generated: settings -->\nafter\n") == f"before\n{settings()}\nafter\n"
    with pytest.raises(KeyError):
        fill("<!-- generated: nothing -->\n")


def test_every_setting_is_there() -> None:
    shown = re.findall(r"^\| `(\w+)` \| (?:`.+`|empty) \| \S", settings(), re.MULTILINE)
    assert sorted(shown) == sorted(variable for variable, _, _ in describe())
    by_hand = (DOCS / "reference" / "settings.md").read_text()
    assert all(f"`{variable}`" in by_hand for variable in COMMAND_VARIABLES)


def test_what_two_instances_share_are_settings() -> None:
    _, _, page = (DOCS / "how-to" / "operations.md").read_text().partition("## Two instances")
    named = set(re.findall(r"`((?:MLSERVICE|REDIS)_[A-Z_]+)`", page.partition("\n## ")[0]))
    assert len(named) > 8
    assert named - {variable for variable, _, _ in describe()} == {"MLSERVICE_HOME"}


def test_every_error_is_there() -> None:
    shown = re.findall(r"^\| `(\w+)` \| `(\S+)` \| \d{3} \| \S.* \| \S", errors(), re.MULTILINE)
    assert [(name, f"{URN}{kind}") for name, kind in shown] == [
        (cls.__name__, problem_type(cls)) for cls in tree(ServiceError)
    ]
    drawn = re.findall(r"^(?:[ |`]+-- )?([A-Z]\w+)$", errors(), re.MULTILINE)
    assert sorted(drawn) == sorted(cls.__name__ for cls in tree(ServiceError))


def test_every_metric_is_there_with_its_labels() -> None:
    shown = dict(re.findall(r"^\| `(\w+)` \| \w+ \| (.*?) \| \S", metrics(), re.MULTILINE))
    assert [name.removesuffix("_total") for name in shown] == [family.name for family in families()]
    assert shown["mlservice_finished_total"] == "`kind`, `lane`, `state`, `reason`"
    assert shown["mlservice_models"] == ""


def test_every_metric_has_samples_to_read_labels_of() -> None:
    empty: list[Metric] = [family for family in families() if not family.samples]
    assert empty == []


def test_every_command_is_there() -> None:
    shown = re.findall(r"^## `mlservice (.+)`\n\n\S", commands(), re.MULTILINE)
    assert shown == [command.prog.removeprefix("mlservice ") for command in leaves(parser())]
    assert {"up", "dead replay", "worker"} <= set(shown)


def test_every_route_and_schema_is_there() -> None:
    definition = Definition()
    shown = re.findall(r"^### `(.+)`$", routes(), re.MULTILINE)
    assert sorted(shown) == sorted(operation.title for operation in definition.operations())
    assert re.findall(r"^### (\w+)$", schemas(), re.MULTILINE) == list(definition.node["components"]["schemas"])


def test_the_map_has_a_line_for_every_wing() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    for package in ("tasks", "gateway", "infra"):
        _, _, part = text.partition(f"\n**{package}/**")
        rows = "\n".join(line for line in part.partition("\n**")[0].splitlines() if line.startswith("| `"))
        wings = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
        assert [wing for wing in sorted(wings) if f"`{wing}/`" not in rows] == [], package


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/explanation/architecture.md"])
def test_files_that_are_named_are_there(page: str) -> None:
    files = [
        f"/{path.relative_to(ROOT)}" for part in ("tasks", "gateway", "infra") for path in (ROOT / part).rglob("*")
    ]
    others = [f"/{path.relative_to(ROOT)}" for part in ("tests", "monitoring") for path in (ROOT / part).rglob("*")]
    named = re.findall(r"`([\w./-]+\.(?:py|yml|template|lua))`", (ROOT / page).read_text())
    assert len(named) > 10
    assert [name for name in named if not any(file.endswith(f"/{name}") for file in files + others)] == []


def codes_of_findings() -> Iterator[str]:
    """The codes with which findings are made, as they stand in the modules of tasks/tables and tasks/learning."""
    for path in [*(ROOT / "tasks" / "tables").rglob("*.py"), *(ROOT / "tasks" / "learning").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            place = {"find": 0, "finding": 0, "leave_out": 1}.get(name)
            given = [keyword.value for keyword in node.keywords if keyword.arg == "code" and name == "Finding"]
            if place is not None and len(node.args) > place:
                given.append(node.args[place])
            yield from (part.value for part in given if isinstance(part, ast.Constant) and isinstance(part.value, str))


def test_the_reference_has_every_finding() -> None:
    page = fill((DOCS / "reference" / "tables.md").read_text())
    made = set(codes_of_findings())
    assert {"constant", "leakage", "encoding"} <= made
    assert made - CODES.keys() == set()
    for name, kind in CODES.items():
        assert f"| `{name}` | {kind.severity} |" in page
        assert kind.remedy or kind.severity == "info", f"{name} says no remedy"


def test_the_reference_has_every_option_of_a_table() -> None:
    page = (DOCS / "reference" / "tables.md").read_text()
    for name in (*OPTIONS, *ROLES, *TYPES):
        assert f"`{name}`" in page, name
