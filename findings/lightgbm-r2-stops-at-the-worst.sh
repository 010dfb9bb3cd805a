#!/usr/bin/env bash
# LightGBM 4.7.0 has a metric `r2`, of which more is better, as of `auc` or `ndcg`. One would guess that early
# stopping, and whoever reads `best_iteration` or `higher_better`, knows that. It says that less is better: early
# stopping keeps the very first iteration, while the metric rises from there.
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

rng = np.random.default_rng(0)
x = rng.random((400, 2))
y = 3 * x[:, 0] + rng.normal(0, 0.05, 400)
train = lightgbm.Dataset(x[:300], y[:300])
valid = lightgbm.Dataset(x[300:], y[300:], reference=train)
print("lightgbm", lightgbm.__version__)
for metric in ("rmse", "r2"):
    curve = {}
    told = set()
    callbacks = [
        lightgbm.early_stopping(10, verbose=False),
        lightgbm.record_evaluation(curve),
        lambda env: told.add(env.evaluation_result_list[0][3]),
    ]
    params = {"objective": "regression", "metric": metric, "num_threads": 1, "verbosity": -1}
    booster = lightgbm.train(params, train, 100, valid_sets=[valid], callbacks=callbacks)
    values = curve["valid_0"][metric]
    course = "rises" if values[-1] > values[0] else "falls"
    kept = "the first" if booster.best_iteration == 1 else "a later"
    print(f"{metric} {course} over the fit; higher_better is {told.pop()}; early stopping keeps {kept} iteration")
PYTHON

expected=$(
    cat <<'SEEN'
lightgbm 4.7.0
rmse falls over the fit; higher_better is False; early stopping keeps a later iteration
r2 rises over the fit; higher_better is False; early stopping keeps the first iteration
SEEN
)
seen=$("$folder/venv/bin/python" show.py)
echo "$seen"
if [ "$seen" != "$expected" ]; then
    printf 'changed: it was\n%s\n' "$expected" >&2
    exit 1
fi
