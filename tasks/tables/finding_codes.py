"""All kinds of findings, in one table: docs/reference/tables.md is written from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from tasks.tables.findings import MOST_ROWS, Finding, Severity


class Meaning(NamedTuple):
    """What a code stands for."""

    severity: Severity
    #: What was seen, in general: a sentence without a full stop.
    means: str
    #: What is done with it; empty if nothing is.
    done: str
    #: How to have it otherwise; empty if that cannot be.
    remedy: str


_TYPED: Final = "give it a type in options.columns"
_FEATURE: Final = f"{_TYPED} to have it learned from"
_KEPT: Final = "to keep the texts, give the column the type category in options.columns"
_PROBLEM: Final = "say options.problem: regression, binary or multiclass"

#: What planning finds.
CODES: Final[dict[str, Meaning]] = {
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
    "rare_class": Meaning(
        "warning",
        "a class has fewer than 2 rows",
        "kept for training; no figure says how well it is known",
        "send more rows of it, or leave it out",
    ),
    "plan_made": Meaning(
        "info",
        "the data were stored without a plan, by an earlier release",
        "a plan is made of them as they are, with every column a feature",
        "init again to have the table looked at",
    ),
    "constant_model": Meaning(
        "warning",
        "the model gives all rows the same answer: it found nothing to tell them apart by",
        "",
        "send more rows or other columns, or let it split smaller groups with a lower min_data_in_leaf",
    ),
    "no_features": Meaning(
        "error",
        "no column is left to learn from",
        "",
        "send columns that differ between rows; or give one that was left out a type in options.columns",
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
    "names_twice": Meaning("error", "columns have the same name", "", "give every column a name of its own"),
    # What finding types by values finds.
    "numbers_as_text": Meaning("info", "a column of texts holds numbers in all rows", "they are numbers", _KEPT),
    "percent": Meaning("info", "a column holds percentages", "12.5% is the number 12.5", _KEPT),
    "seconds": Meaning(
        "info",
        "a column holds times of day, or durations",
        "a time is the number of seconds since midnight, a duration its number of seconds",
        _KEPT,
    ),
    "missing_words": Meaning(
        "info", "a column of numbers, dates or booleans has ?, -, . or \\N in it", "they count as missing", _KEPT
    ),
    "missing_words_kept": Meaning(
        "info",
        "a column of texts has NA, None, an empty text or the like among its values",
        "they are texts as all others",
        "if they stand for a missing value, leave them empty, or name them in options.csv.missing_words",
    ),
    "unquoted_missing": Meaning(
        "info",
        "a CSV quotes its texts, and NA stands in it without quotation marks",
        "it is a missing value",
        "options.csv.missing_words says which words are missing",
    ),
    "odd_values": Meaning(
        "warning",
        "at most 1 % of the values, or one among ten or more, are not what the others are",
        "they count as missing",
        f"correct them; {_KEPT}",
    ),
    "mixed_values": Meaning(
        "warning",
        "half of the values or more are numbers (or dates, ...), and more are not than odd_values takes as missing",
        "the column stays text",
        "correct the others, or leave them empty, for the column to be what most of it is",
    ),
    "codes": Meaning(
        "info",
        "a column has digits that begin with a zero or a plus, as codes do",
        "the column stays text",
        "if they are amounts, give the column the type number in options.columns",
    ),
    "long_numbers": Meaning(
        "info",
        "a column has whole numbers of more than 64 bits, which would lose digits as numbers",
        "the column stays text",
        "if they are amounts, give the column the type number in options.columns",
    ),
    "rounded_whole_numbers": Meaning(
        "warning",
        "a column has whole numbers beyond 2^53, of which a model sees about 16 digits",
        "as numbers they are rounded to the nearest 64-bit float",
        "if they are identifiers, give the column the role key, or the type category, in options.columns",
    ),
    "epoch": Meaning(
        "info",
        "a column of dates holds numbers",
        "they are milliseconds since 1970-01-01T00:00Z",
        "give another format in options.columns: epoch_s, epoch_us or epoch_ns",
    ),
    # What a train finds.
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
    "not_of_type": Meaning(
        "error",
        "a value is not of the type or format that options.columns gives its column",
        "",
        "correct the value, leave it empty, or give another type or format",
    ),
    "other_format": Meaning(
        "info",
        "the bytes are another format than the Content-Type says",
        "read as what they are",
        "send the Content-Type that it has",
    ),
    "encoding": Meaning("info", "a text is not in UTF-8", "read in the charset that is named", "send UTF-8"),
    "csv_dialect": Meaning(
        "info",
        "a CSV is separated by another sign than the comma, or has decimal commas",
        "read as it is",
        "options.csv says delimiter and decimal if it is otherwise",
    ),
    "escaped_quotes": Meaning(
        "info", "quotes in a CSV are written with a backslash", "read as quotes", "write them twice, as CSV has them"
    ),
    "empty_fields": Meaning(
        "info",
        "lines of a CSV have empty fields behind the last column",
        "left out",
        "give every line as many fields as the header",
    ),
    "empty_columns": Meaning("info", "columns at the end have no name and no value", "left out", ""),
    "first_sheet": Meaning("info", "a workbook has several sheets", "the first is read", "name another with ?sheet="),
    "empty_rows": Meaning("info", "rows at the end have no value at all", "left out", ""),
    "keys_left_out": Meaning(
        "info", "objects of a JSON lack keys that others have", "missing there", "write null for what is missing"
    ),
    "unknown_column": Meaning(
        "info",
        "an estimate has a column that the model learned nothing from",
        "ignored",
        "estimate with unknown=refuse to have it refused",
    ),
    "target_given": Meaning(
        "info",
        "an estimate has the target among its columns",
        "ignored",
        "estimate with unknown=refuse to have it refused",
    ),
    "absent_column": Meaning(
        "warning",
        "an estimate lacks a column that the model learned from",
        "taken as missing in every row",
        "estimate with missing=refuse to have it refused",
    ),
    "more_notes": Meaning("info", "there are more notes on an estimate than are kept", "counted", ""),
}


def finding(
    code: str,
    message: str,
    *,
    column: str | None = None,
    count: int = 0,
    rows: Sequence[int] = (),
    done: str | None = None,
    remedy: str | None = None,
) -> Finding:
    """A finding of a kind of the table, with its severity, and what it says of what is done unless that is given."""
    meaning = CODES[code]
    return Finding(
        code=code,
        severity=meaning.severity,
        message=message,
        done=meaning.done if done is None else done,
        remedy=meaning.remedy if remedy is None else remedy,
        column=column,
        count=count,
        rows=[int(row) for row in rows[:MOST_ROWS]],
    )
