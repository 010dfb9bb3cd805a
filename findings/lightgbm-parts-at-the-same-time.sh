#!/usr/bin/env bash
# LightGBM 4.7.0 lets several threads predict with one booster at the same time. One would guess that each call is
# answered by itself, also where threads ask for different parts of the trees (`start_iteration`, `num_iteration`): they
# only read. Which part is meant is kept in the booster, and threads have the part of each other, in silence.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export TMPDIR=$folder
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check lightgbm==4.7.0 numpy==2.4.6
cd "$folder"

cat >show.py <<'PYTHON'
from concurrent.futures import ThreadPoolExecutor

import lightgbm
import numpy as np

print("lightgbm", lightgbm.__version__)
rng = np.random.default_rng(1)
x = rng.normal(size=(20_000, 10))
booster = lightgbm.train(
    {"objective": "regression", "num_threads": 1, "verbosity": -1}, lightgbm.Dataset(x, x[:, 0] ** 2 + x[:, 1]), 100
)
whole = booster.predict(x, num_threads=1)
asked = {"all trees": [(0, 100)], "a fifth of the trees after the other": [(s, 20) for s in range(0, 100, 20)]}
for told, parts in asked.items():

    def summed(_turn, parts=parts):
        which = ({"start_iteration": start, "num_iteration": count} for start, count in parts)
        return sum(booster.predict(x, num_threads=1, raw_score=True, **one) for one in which)

    for threads in (1, 4):
        with ThreadPoolExecutor(threads) as pool:
            found = list(pool.map(summed, range(24)))
        right = all(np.allclose(one, whole) for one in found)
        print(f"{told}, threads: {threads}; all predictions right: {right}")
PYTHON

expected=$(
    cat <<'SEEN'
lightgbm 4.7.0
all trees, threads: 1; all predictions right: True
all trees, threads: 4; all predictions right: True
a fifth of the trees after the other, threads: 1; all predictions right: True
a fifth of the trees after the other, threads: 4; all predictions right: False
SEEN
)
seen=$("$folder/venv/bin/python" show.py)
echo "$seen"
if [ "$seen" != "$expected" ]; then
    printf 'changed: it was\n%s\n' "$expected" >&2
    exit 1
fi
