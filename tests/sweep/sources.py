"""The bytes of a table as its package has them: what a user would send."""

from __future__ import annotations

import gzip
import tarfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from tests.sweep.catalogue import Entry

_FOLDERS: Final = {
    "statsmodels": ("statsmodels", "datasets/{}"),
    "plotly": ("plotly", "package_data/datasets/{}.csv.gz"),
    "vega": ("vega_datasets", "_data/{}"),
}


def table_bytes(entry: Entry) -> tuple[bytes, str]:
    """(the file, its media type). Raises ModuleNotFoundError without the extra `tables`."""
    if entry.source == "sklearn":
        return _of_sklearn(entry.name), "text/csv"
    if entry.source == "pydataset":
        return _of_pydataset()[f"resources/rdata/csv/{entry.name}.csv"], "text/csv"
    package, path = _FOLDERS[entry.source]
    file = _folder(package) / path.format(entry.name)
    data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    return data, "application/json" if file.suffix == ".json" else "text/csv"


@cache
def _of_pydataset() -> dict[str, bytes]:
    # Without importing it: the package unpacks its files into the user's home.
    found = {}
    with tarfile.open(_folder("pydataset") / "resources.tar.gz") as archive:
        for member in archive:
            if member.name.endswith(".csv") and (file := archive.extractfile(member)):
                found[member.name] = file.read()
    return found


def _of_sklearn(name: str) -> bytes:
    from sklearn import datasets

    load: Any = getattr(datasets, f"load_{name}")
    return str(load(as_frame=True).frame.to_csv(index=False)).encode()


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{package} is not installed; `make sweep` installs the extra `tables`")
    return Path(spec.origin).parent
