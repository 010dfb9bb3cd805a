#!/usr/bin/env bash
# skops 0.16.0, scikit-learn 1.9.1: skops writes a model without pickle, and loads it if it is made of types that it
# trusts. One would guess that this is a matter of the class: an estimator of scikit-learn's can be loaded, or cannot.
# It is a matter of what was learned from, too. KNeighborsClassifier of a dense table keeps a tree, which is not
# trusted; of a sparse one the csr_matrix itself, with algorithm="brute" nothing that is not. SimpleImputer is never
# trusted. And each word of a vectorizer takes some 430 bytes, so that 100,000 of them take 43 MB and a second.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export TMPDIR=$folder
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check skops==0.16.0 scikit-learn==1.9.1
cd "$folder"

cat >show.py <<'PYTHON'
from importlib.metadata import version

import numpy as np
import skops.io
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.neighbors import KNeighborsClassifier

print("skops", version("skops"), "scikit-learn", version("scikit-learn"))
rows = np.arange(40.0).reshape(20, 2)
classes = [0, 1] * 10
for name, model in (
    ("neighbours of a dense table", KNeighborsClassifier().fit(rows, classes)),
    ("neighbours of a sparse one", KNeighborsClassifier().fit(csr_matrix(rows), classes)),
    ("neighbours by brute force", KNeighborsClassifier(algorithm="brute").fit(rows, classes)),
    ("imputer", SimpleImputer().fit(rows)),
):
    unknown = skops.io.get_untrusted_types(data=skops.io.dumps(model))
    print(f"{name}: {', '.join(unknown) or 'all is trusted'}")
few, many = ([f"word{number:05}" for number in range(count)] for count in (1_000, 11_000))
sizes = [len(skops.io.dumps(TfidfVectorizer().fit(words))) for words in (few, many)]
print(f"a word more: {'over' if sizes[1] - sizes[0] > 400 * 10_000 else 'under'} 400 bytes")
PYTHON

expected=$(
    cat <<'SEEN'
skops 0.16.0 scikit-learn 1.9.1
neighbours of a dense table: sklearn.metrics._dist_metrics.EuclideanDistance64, sklearn.neighbors._kd_tree.KDTree
neighbours of a sparse one: scipy.sparse._csr.csr_matrix
neighbours by brute force: all is trusted
imputer: numpy.dtype
a word more: over 400 bytes
SEEN
)
seen=$("$folder/venv/bin/python" show.py)
echo "$seen"
if [ "$seen" != "$expected" ]; then
    printf 'changed: it was\n%s\n' "$expected" >&2
    exit 1
fi
