"""The order in which the modules of tests are begun."""

from __future__ import annotations

import pytest

from tests.conftest import INTEGRATION, LONGEST


@pytest.mark.parametrize("name", LONGEST)
def test_what_is_begun_first_is_there(name: str) -> None:
    assert any(INTEGRATION.rglob(f"{name}.py"))
