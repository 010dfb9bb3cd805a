#!/usr/bin/env bash
# LightGBM 4.7.0, `boosting=rf`: a prediction is the mean of the trees. For a regression a raw score is the
# prediction, and contributions (`pred_contrib`) sum to it; one would guess that both hold for a forest too. Both give
# the sum over the trees: as many times too much as there are trees.
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
y = 5 + x[:, 0]
for boosting in ("gbdt", "rf"):
    params = {"objective": "regression", "boosting": boosting, "bagging_freq": 1, "bagging_fraction": 0.7}
    booster = lightgbm.train({**params, "num_threads": 1, "verbosity": -1}, lightgbm.Dataset(x, y), 10)
    prediction = booster.predict(x)
    raw = booster.predict(x, raw_score=True)
    contributions = booster.predict(x, pred_contrib=True).sum(axis=1)
    print(
        f"{boosting}, 10 trees: raw score is {(raw / prediction).mean():.2f} x the prediction,"
        f" the contributions sum to {(contributions / prediction).mean():.2f} x"
    )
PYTHON

expected=$(
    cat <<'SEEN'
lightgbm 4.7.0
gbdt, 10 trees: raw score is 1.00 x the prediction, the contributions sum to 1.00 x
rf, 10 trees: raw score is 10.00 x the prediction, the contributions sum to 10.00 x
SEEN
)
seen=$("$folder/venv/bin/python" show.py)
echo "$seen"
if [ "$seen" != "$expected" ]; then
    printf 'changed: it was\n%s\n' "$expected" >&2
    exit 1
fi
