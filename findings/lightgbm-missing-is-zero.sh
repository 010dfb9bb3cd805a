#!/usr/bin/env bash
# LightGBM 4.7.0 is known to take missing values (NaN) as such. One would guess that a NaN in a column that had none
# in training goes the way of the default direction, of the average row, or is refused. It is read as the number 0.0,
# in silence, and where 0 is a special value the prediction is far off.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export TMPDIR=$folder
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check lightgbm==4.7.0 numpy==2.4.6
cd "$folder"

cat >show.py <<'PYTHON'
import lightgbm
import numpy as np

print("lightgbm", lightgbm.__version__)
x = np.linspace(-1, 1, 400)[:, None]
y = np.where(np.abs(x[:, 0]) < 0.1, 100.0, 1.0)  # High near 0 alone.
some = x.copy()
some[::10] = np.nan
for told, matrix in (("no value", x), ("every tenth value", some)):
    booster = lightgbm.train(
        {"objective": "regression", "num_threads": 1, "verbosity": -1}, lightgbm.Dataset(matrix, y), 100
    )
    missing, zero = booster.predict([[np.nan], [0.0]])
    same = "the same as" if missing == zero else "other than"
    print(f"trained with {told} missing: NaN is {same} 0.0; NaN {missing:.0f}, 0.0 {zero:.0f}, mean {y.mean():.0f}")
PYTHON

expected=$(
    cat <<'SEEN'
lightgbm 4.7.0
trained with no value missing: NaN is the same as 0.0; NaN 100, 0.0 100, mean 11
trained with every tenth value missing: NaN is other than 0.0; NaN 11, 0.0 100, mean 11
SEEN
)
seen=$("$folder/venv/bin/python" show.py)
echo "$seen"
if [ "$seen" != "$expected" ]; then
    printf 'changed: it was\n%s\n' "$expected" >&2
    exit 1
fi
