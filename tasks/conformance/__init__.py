"""What `mlservice check` finds out of an estimator: that it keeps the contract, answers alike in another process and
for any batch, and may be forked. Imports estimators and tables; knows no Celery, no Redis.

The estimator runs in two processes of their own (`__main__`): one imports, fits and dumps (`learning`), the other loads
and predicts (`serving`), as the workers of a service do. `running` starts them and collects what they say.
"""
