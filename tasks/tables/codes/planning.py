"""What planning finds: `tasks.tables.planning`."""

from __future__ import annotations

from typing import Final

from tasks.tables.codes.meaning import Meaning

_TYPED: Final = "give it a type in options.columns"
_FEATURE: Final = f"{_TYPED} to have it learned from"
_PROBLEM: Final = "say options.problem: regression, binary, multiclass or ranking"

PLANNING: Final[dict[str, Meaning]] = {
    "no_value": Meaning(
        "warning", "a column has no value in any row", "left out", "send a column with values, or no such column"
    ),
    "constant": Meaning("warning", "a column has the same value in every row", "left out", _FEATURE),
    "row_number": Meaning(
        "warning",
        "a column counts the rows, by its name and its values, or the file says it is an index",
        "left out",
        _FEATURE,
    ),
    "unique_text": Meaning(
        "warning",
        "nearly every row has a text of its own here, as identifiers do",
        "a key: not learned from, carried into the results of estimates",
        _FEATURE,
    ),
    "unsupported_type": Meaning(
        "warning",
        "a column has a type that no model learns from",
        "left out",
        "send it as numbers, true/false, text or dates",
    ),
    "type_not_used": Meaning(
        "warning",
        "the estimator does not learn from columns of this type",
        "left out",
        "name another type in options.columns, or another estimator",
    ),
    "out_of_range": Meaning(
        "warning",
        "numbers are infinite or beyond 3.4028235e38",
        "taken as missing",
        "send other numbers, or null",
    ),
    "many_categories": Meaning(
        "warning",
        "a column has more than 1,000 different categories",
        "the 1,000 most frequent are kept, the rarer ones are one together: a category that is not known",
        _TYPED,
    ),
    "missing_target": Meaning(
        "warning",
        "rows have no value of the target",
        "these rows are left out",
        "fill the target in",
    ),
    "problem_guessed": Meaning(
        "info",
        "the target's numbers could be classes or amounts",
        "the problem is guessed by their values",
        _PROBLEM,
    ),
    "sequence": Meaning(
        "info",
        "whole numbers grow by the same step from row to row",
        "kept",
        "if they only number the rows, give the column the role ignore or key in options.columns",
    ),
    "unique_numbers": Meaning(
        "info",
        "whole numbers differ in every row, as identifiers do",
        "kept",
        "if they only name the rows, give the column the role ignore or key in options.columns",
    ),
    "near_duplicate": Meaning(
        "info",
        "a column says the same as another one, perhaps in other units or under other names",
        "both are kept",
        "give one of them the role ignore in options.columns",
    ),
    "target_rewritten": Meaning(
        "warning",
        "a column rises, or falls, exactly where the target does, or has a value for each of its classes",
        "kept",
        "if it is not known when an estimate is asked for, give it the role ignore in options.columns",
    ),
    "leakage": Meaning(
        "warning",
        "a column alone predicts the target almost perfectly",
        "kept",
        "if it is not known when an estimate is asked for, give it the role ignore in options.columns",
    ),
    "duplicate_rows": Meaning(
        "info",
        "rows are equal in all columns that are learned from",
        "kept; they are split like all rows",
        "send each once, with its count as a column of the role weight in options.columns",
    ),
    "imbalance": Meaning(
        "warning",
        "most rows have the same class",
        "kept; accuracy says little then, look at other metrics",
        "send more rows of the other classes, or set class weights in the params of a train",
    ),
    "class_not_learned": Meaning(
        "warning",
        "a split by groups or by time leaves no row of a class to learn from",
        "the model never predicts it; the figures count the rows of it as wrong",
        "send more groups, or later times, with rows of it; or leave it out",
    ),
    "rare_class": Meaning(
        "warning",
        "a class has fewer than 2 rows",
        "kept for training; no figure says how well it is known",
        "send more rows of it, or leave it out",
    ),
    "no_features": Meaning(
        "error",
        "no column is left to learn from",
        "",
        "send columns that differ between rows; or give one that was left out a type in options.columns",
    ),
    "model_in_use": Meaning(
        "error",
        "the table of a dry run differs in target, problem or columns from what the model's current version learned",
        "an init of it is refused with 409",
        "say replace=true if that is meant",
    ),
    "few_rows": Meaning("error", "fewer than 10 rows have a target", "", "send more rows"),
    "unknown_target": Meaning("error", "the target names no column", "", "name a column of the table"),
    "target_type": Meaning(
        "error", "the target is of a type that cannot be learned", "", "use numbers, true/false or text"
    ),
    "target_constant": Meaning(
        "error", "the target has the same value in every row", "", "name another target, or add rows"
    ),
    "target_range": Meaning(
        "error", "the target's numbers are infinite or too large", "", "send finite numbers, or text for classes"
    ),
    "target_problem": Meaning("error", "the target's values do not fit the problem that was asked for", "", _PROBLEM),
    "many_classes": Meaning(
        "error", "the target has more than 1,000 classes", "", "group them, or use problem=regression for numbers"
    ),
    "unique_target": Meaning(
        "error", "nearly every row has a value of its own of a target of classes", "", "name another target"
    ),
    "bad_weight": Meaning(
        "error", "the weight is not a number of 0 or more in every row, or 0 in all", "", "correct it, or name another"
    ),
    "bad_time": Meaning(
        "error", "the time is no date and no number, or has no value in a row", "", "correct it, or name another"
    ),
    "bad_query": Meaning(
        "error",
        "the query has no value in a row, or more than 10,000 rows have the same",
        "",
        "name the query of each row; leave rows out, or ask in several queries",
    ),
    "bad_relevance": Meaning(
        "error",
        "the target of a ranking is no whole number from 0 to 30",
        "",
        "say how relevant each row is in few steps, such as 0 to 4",
    ),
    "names_twice": Meaning("error", "columns have the same name", "", "give every column a name of its own"),
}
