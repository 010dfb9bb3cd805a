"""How Sphinx builds the site: `make docs`."""

from __future__ import annotations

import re
from typing import Any, Final

from docs.generate.pages import fill

project = "mlservice"
html_title = "mlservice"
html_theme = "furo"
html_show_copyright = False
html_static_path = ["_static"]
html_css_files = ["tables.css"]
extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["generate"]

# A link to a heading is checked as one to a page is.
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 4

# Docstrings are written for readers of the code: `this` is code there.
default_role = "literal"
autoclass_content = "both"
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
maximum_signature_line_length = 88
python_use_unqualified_type_names = True

#: A link to a page of the repository that is no page of the site: MyST would look for it among its own.
OUTSIDE: Final = re.compile(r"\]\((\.\./\.\./[^)]+\.md)\)")


def setup(app: Any) -> None:
    """Write what is generated into the pages as they are read."""
    app.connect("source-read", _fill)


def _fill(_app: Any, _page: str, source: list[str]) -> None:
    source[0] = OUTSIDE.sub(r"](path:\1)", fill(source[0]))
