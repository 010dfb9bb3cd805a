"""Estimators and pipelines of scikit-learn, by dotted path. In order: `library` (imports), `allowed` (which classes),
`specs` and `steps` (params to unfitted objects), `shape` (params in words), `spaces` (where they are looked for),
`frame` and `columns` (a table as one matrix), `fitting`, `predicting`, `origins` and `linear` (what columns count and
add), `storing`, `trusted` and `sound` (bytes, without pickle), `portable` (taken along), `trial` (can it be stored),
`estimator` (the contract)."""
