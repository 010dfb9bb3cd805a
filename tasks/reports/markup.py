"""HTML by hand: whatever a user chose goes through `text`."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any, Final

import msgspec

from tasks.reports.style import STYLE

#: What the page may load: nothing. It says so itself, for whoever keeps it as a file.
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def text(said: str) -> str:
    """What somebody chose, as it stands in HTML, in attributes too."""
    return escape(said)


def page(title: str, *parts: str) -> str:
    """A whole document. `parts` are HTML."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{text(POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<link rel="icon" href="data:,">\n'
        f"<title>{text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(filter(None, parts))
        + "\n</main>\n</body>\n</html>\n"
    )


def held(name: str, value: Any) -> str:
    """An element that shows nothing and holds this as JSON, by its name, for a page around the report."""
    return f'<div hidden id="{text(name)}" data-held="{text(msgspec.json.encode(value).decode())}"></div>'


def section(title: str, *cards: str, lead: str = "", kind: str = "") -> str:
    """A part of the page with a heading; nothing if there are no cards."""
    shown = [card for card in cards if card]
    if not shown:
        return ""
    said = f'<p class="lead">{text(lead)}</p>\n' if lead else ""
    inner = shown[0] if len(shown) == 1 else f'<div class="grid {kind}">\n{"".join(shown)}</div>'
    return f"<section>\n<h2>{text(title)}</h2>\n{said}{inner}\n</section>"


def figure(title: str, caption: str, svg: str) -> str:
    """A drawing with its title and a sentence."""
    said = f"<b>{text(title)}</b><span>{text(caption)}</span>"
    return f'<figure class="card"><figcaption>{said}</figcaption>{svg}</figure>\n'


def table(
    title: str, caption: str, heads: Iterable[tuple[str, str]], rows: Iterable[Iterable[str]], *, kind: str = ""
) -> str:
    """A table in a card. `heads`: name and class of each column; `rows`: cells that are HTML, the first a heading."""
    heads = list(heads)
    head = "".join(f'<th scope="col" class="{css}">{text(name)}</th>' for name, css in heads)
    body = []
    for row in rows:
        first, *rest = row
        cells = "".join(f'<td class="{css}">{cell}</td>' for cell, (_, css) in zip(rest, heads[1:], strict=True))
        body.append(f'<tr><th scope="row" class="{heads[0][1]}">{first}</th>{cells}</tr>')
    said = f"<span>{text(caption)}</span>" if caption else ""
    return (
        '<div class="card"><div class="scroll" tabindex="0">'
        f'<table class="{kind}"><caption>{text(title)}{said}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div></div>\n"
    )


def as_json(value: object) -> str:
    """A value as code."""
    return f"<code>{text(msgspec.json.encode(value).decode())}</code>"


def shaded(shown: str, part: float, *, strong: bool) -> str:
    """A cell that is the darker, the nearer `part` is to 1."""
    return f'<i style="--part:{part:.3f}">{f"<b>{shown}</b>" if strong else shown}</i>'


def bar(part: float) -> str:
    """A bar that is filled up to this part."""
    return f'<span class="bar" aria-hidden="true"><i style="width:{max(0.0, min(1.0, part)) * 100:.1f}%"></i></span>'


def spark(heights: list[float], *, alt: str) -> str:
    """A little histogram; heights are from 0 to 1."""
    if not heights:
        return ""
    bars = "".join(
        f'<rect x="{x * 5}" y="{20 * (1 - h):.1f}" width="4" height="{20 * h:.1f}"/>' for x, h in enumerate(heights)
    )
    width = 5 * max(len(heights), 16)
    return (
        f'<svg class="spark" viewBox="0 0 {width} 20" preserveAspectRatio="none" role="img" '
        f'aria-label="{text(alt)}">{bars}</svg>'
    )
