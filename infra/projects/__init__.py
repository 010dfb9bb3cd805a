"""What `mlservice new` writes: a project with an estimator, its test and a sample of data. `starts/` has the files, one
folder for each start and one for what all have."""
