"""scikit-learn is imported when a model of its is first used, and not before."""

from __future__ import annotations

import subprocess
import sys


def test_nothing_is_imported_until_a_model_is_used() -> None:
    code = (
        "import sys; from tasks.estimators.catalogue import Catalogue; one = Catalogue({}, threads=1).get('sklearn');"
        "one.params_schema(); one.use;"
        "assert not {'sklearn', 'skops', 'scipy', 'joblib'} & set(sys.modules);"
        "one.check({}); assert 'sklearn' in sys.modules;"
        "assert not {'pandas', 'polars', 'matplotlib', 'skops'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
