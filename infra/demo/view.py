"""What the demonstration shows, in a terminal or in a file."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from infra.demo.data import Case
from infra.demo.score import Score
from tasks.formatting import plain

#: Features and predictions that are shown.
MOST_SHOWN: Final = 8
#: Characters of the longest bar of an importance.
BAR: Final = 24


class View:
    """Writes to a console. Texts are shown as they are: users' columns may look like markup."""

    def __init__(self, console: Console | None = None) -> None:
        if console is None and isinstance(sys.stdout, io.TextIOWrapper):
            # Users' texts may have letters that the terminal's encoding does not.
            sys.stdout.reconfigure(errors="replace")
        self._console = console or Console(markup=False, highlight=False, emoji=False)

    def heading(self, title: str) -> None:
        """The start of a part."""
        self._console.print(f"\n{title}", style="bold", soft_wrap=True)

    def line(self, text: str) -> None:
        """One line, of any length."""
        self._console.print(f"  {text}", soft_wrap=True)

    @contextmanager
    def waiting(self, text: str) -> Iterator[None]:
        """A spinner in a terminal, a line in a file."""
        if not self._console.is_terminal:
            self._console.print(text)
        with self._console.status(text, spinner="line"):
            yield

    def case(self, case: Case) -> None:
        """What is learned from."""
        self.heading(case.title)
        self.line(
            f"target {case.target!r}, {case.learned.num_columns - 1} features, {case.learned.num_rows} rows to learn"
            f" from, {case.held.num_rows} rows held back"
        )

    @contextmanager
    def progress(self) -> Iterator[Callable[[Mapping[str, Any]], None]]:
        """A bar; the function moves it to a task's `progress` object. If all goes well it ends full."""
        columns = (
            TextColumn("  train"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
        )
        with Progress(*columns, console=self._console) as progress:
            bar = progress.add_task("train", total=None, note="")

            def show(state: Mapping[str, Any]) -> None:
                note = f"{state['seconds']:.1f} s  {_metrics(state['metrics'].get('holdout', {}))}"
                progress.update(bar, completed=state["iteration"], total=state["total"], note=note)

            yield show
            # Training stops early when the holdout gets no better.
            progress.update(bar, total=progress.tasks[bar].completed)

    def trained(self, result: Mapping[str, Any]) -> None:
        """Metrics and the features that count most."""
        self.line(f"version {result['version']} in {result['seconds']:.2f} s: {_metrics(result['metrics'])}")
        ranked = sorted(result["importance"].items(), key=lambda item: -item[1])[:MOST_SHOWN]
        whole = sum(result["importance"].values()) or 1.0
        most = (ranked[0][1] if ranked else 0.0) or 1.0
        table = _table("feature", "importance", "")
        for name, value in ranked:
            table.add_row(name, f"{value / whole:.1%}", "#" * round(BAR * value / most))
        self._console.print(table)

    def predictions(self, answer: Mapping[str, Any], truth: Sequence[Any]) -> None:
        """Some predictions beside the truth, spread over the rows."""
        classes = answer.get("classes")
        table = _table("row", "truth", "prediction", "probability" if classes else "error")
        shown = min(MOST_SHOWN, len(truth))
        for row in (place * len(truth) // shown for place in range(shown)):
            true, given = truth[row], answer["predictions"][row]
            last = f"{max(answer['probabilities'][row]):.3f}" if classes else _number(given - true)
            wrong = bool(classes) and given != true
            table.add_row(str(row), _value(true), _value(given), last, style="red" if wrong else None)
        self._console.print(table)

    def direct(self, predictions: Sequence[Any]) -> None:
        """What bare Celery answered, which is the same."""
        given = ", ".join(map(_value, predictions))
        self.line(f"bare Celery, send_task('tasks.estimate', ...), gives the same: {given}")

    def score(self, score: Score, *, rows: int) -> None:
        """How good the model is."""
        verdict = "better" if score.better else "NOT better"
        self.line(
            f"{score.measure} {plain(score.model)} on the {rows} rows held back, {verdict} than {plain(score.guess)}"
            f" by always guessing {_value(score.guessed)}"
        )

    def script(self, title: str, lines: Sequence[str]) -> None:
        """Lines to copy, which are never wrapped."""
        self.heading(title)
        for line in lines:
            self._console.print(line, soft_wrap=True)


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, padding=(0, 2), header_style="bold")
    table.add_column(first, overflow="fold")
    for name in others:
        table.add_column(name, justify="right" if name else "left", overflow="fold")
    return table


def _metrics(metrics: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {plain(value)}" for name, value in metrics.items())


def _value(value: Any) -> str:
    return _number(value) if isinstance(value, float) else str(value)


def _number(value: float) -> str:
    return f"{value:.6g}"
