"""What a train finds: `tasks.learning`."""

from __future__ import annotations

from typing import Final

from tasks.tables.codes.meaning import Meaning

TRAINING: Final[dict[str, Meaning]] = {
    "plan_made": Meaning(
        "info",
        "the data were stored without a plan, by an earlier release",
        "a plan is made of them as they are, with every column a feature",
        "init again to have the table looked at",
    ),
    "not_measured": Meaning(
        "info",
        "the data have no rows, as an estimator that needs none may have it: nothing is measured",
        "the version is stored without metrics; promote if_better does not promote it beside a current one",
        "init with rows that have the target, to measure the model on them",
    ),
    "constant_model": Meaning(
        "warning",
        "the model gives all rows the same answer: it found nothing to tell them apart by",
        "",
        "send more rows or other columns, or let it split smaller groups with a lower min_data_in_leaf",
    ),
    "below_baseline": Meaning(
        "warning",
        "the metric that decides is no better than that of a guess by the target alone",
        "the version is stored, and promoted if the promotion rule says so",
        "send more rows or columns that have to do with the target, or other params; do not rely on this version",
    ),
    "near_baseline": Meaning(
        "info",
        "the 95 % interval of the metric that decides has the value in it that a guess by the target alone has",
        "",
        "send more rows, to learn from and to measure on",
    ),
    "measured_on_validation": Meaning(
        "info",
        "there are two parts only, as earlier releases made them: the rows that measure stopped the fit, too",
        "the metrics look better than they are",
        "submit an init with the data again, which makes three parts",
    ),
    "distributed_differs": Meaning(
        "warning",
        "the fit was distributed, and differs by that from one of a single process",
        "the version is stored, measured on the same rows",
        "train without distributed, or with another objective",
    ),
    "started_imported": Meaning(
        "warning",
        "the train went on from a version that was imported, or from one that did: nobody can say whether that learned"
        " from the rows that measure here",
        "the metrics may look better than they are",
        "measure on rows that the imported model cannot have seen: init with newer ones",
    ),
}
