"""Traces with OpenTelemetry, sent over OTLP/HTTP. Imported only where an endpoint is set.

More is said by the variables of OpenTelemetry itself, OTEL_EXPORTER_OTLP_HEADERS, OTEL_BSP_* and others.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Final, Self

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from tasks.contract import GROUP_ITEMS, State
from tasks.ledger.groups import Claim
from tasks.ledger.outcomes import Outcome, read_failure
from tasks.telemetry.traces import NO_GROUP, NOTHING, GroupStep, Step, Traces, Value

#: Longest wait for the collector, for a batch and at the end of a process (seconds).
SEND_SECONDS: Final = 5.0
CLOSE_SECONDS: Final = 1.0

_propagator: Final = TraceContextTextMapPropagator()


class SpanStep(Step):
    """One span, ended when the block is left or by `end`."""

    def __init__(self, span: Span, *, after: Callable[[], None] | None = None) -> None:
        self.span = span
        self._after = after

    @property
    def parent(self) -> str:  # type: ignore[override]
        """The `traceparent` of what comes of this step."""
        context = self.span.get_span_context()
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-01"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            # Not the words of the error, which may repeat what was sent.
            self.span.set_status(Status(StatusCode.ERROR, kind.__name__))
        self.span.end()
        if self._after is not None:
            self._after()

    def say(self, **attributes: Value) -> None:
        """Note what is known by now."""
        self.span.set_attributes(named(attributes))

    def end(self, *, status: int, name: str) -> None:
        """The request is answered."""
        self.span.update_name(name)
        self.span.set_attributes({"http.response.status_code": status, "http.route": name.partition(" ")[2]})
        if status >= 500:
            self.span.set_status(StatusCode.ERROR)
        self.span.end()


class GroupSpans(GroupStep):
    """The span of a group, and one for each of its traced items in the item's own trace."""

    def __init__(self, group: Span, items: dict[int, Span], *, after: Callable[[], None]) -> None:
        self._group = group
        self._items = items
        self._after = after

    def __enter__(self) -> Self:
        return self

    def tell(self, outcomes: Sequence[Outcome]) -> None:
        """Note how each traced item ended."""
        for index, span in self._items.items():
            outcome = outcomes[index]
            span.set_attributes(named({"state": outcome.state.value}))
            if outcome.state is State.FAILED:
                span.set_status(Status(StatusCode.ERROR, read_failure(outcome.body).type))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for span in (self._group, *self._items.values()):
            if kind is not None:
                span.set_status(Status(StatusCode.ERROR, kind.__name__))
            span.end()
        self._after()


class Spans(Traces):
    """The traces of one process, sent to a collector by a thread of their own. Made after the fork."""

    on = True

    def __init__(self, endpoint: str, program: str, *, part: float) -> None:
        self._part = part
        self._provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=Resource.create({SERVICE_NAME: f"mlservice-{program}"}),
            span_limits=SpanLimits(max_links=max(GROUP_ITEMS.values())),
            shutdown_on_exit=False,
        )
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=SEND_SECONDS)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("mlservice")
        #: The group that this process works on: a worker does one thing at a time.
        self._working: Span | None = None

    def request(self, *, method: str, path: str, traceparent: str | None) -> Step:
        """A request is traced if its caller's step is; a submit of nobody's, by chance."""
        caller = context_of(traceparent)
        if caller is None and not (method == "POST" and random.random() < self._part):
            return NOTHING
        if caller is not None and not caller.trace_flags.sampled:
            return NOTHING
        attributes = {"http.request.method": method, "url.path": path}
        return SpanStep(self._start(method, caller, kind=SpanKind.SERVER, attributes=attributes))

    def submit(self, parent: str, **attributes: Value) -> Step:
        """A child of the request's step."""
        span = self._start("submit", context_of(parent), kind=SpanKind.PRODUCER, attributes=named(attributes))
        return SpanStep(span)

    def group(self, claim: Claim, *, began: int) -> GroupStep:
        """The group's span is in the trace of its first traced item, the others have links to it."""
        traced = {i: found for i, head in enumerate(claim.heads) if (found := context_of(head.trace)) is not None}
        if not traced:
            return NO_GROUP
        common = {"kind": claim.kind.value, "lane": claim.lane.value}
        first = next(iter(traced))
        items = {first: self._item(claim, first, traced[first], began=began)}
        group = self._tracer.start_span(
            f"group {claim.kind.value}",
            context=set_span_in_context(items[first]),
            attributes=named({**common, "items": len(claim.heads), "delivery": claim.delivery, "task_id": claim.group}),
            links=[Link(found) for found in traced.values()],
            start_time=began,
        )
        for index, found in traced.items():
            if index != first:
                items[index] = self._item(claim, index, found, began=began, links=[Link(group.get_span_context())])
        self._working = group
        self._tracer.start_span("claim", context=set_span_in_context(group), start_time=began).end()
        return GroupSpans(group, items, after=self._rest)

    def step(self, name: str, **attributes: Value) -> Step:
        """A child of the group's span."""
        if self._working is None:
            return NOTHING
        context = set_span_in_context(self._working)
        return SpanStep(self._tracer.start_span(name, context=context, attributes=named(attributes)))

    def close(self) -> None:
        """Send what is left; a collector that does not answer is not waited for."""
        sending = threading.Thread(target=self._provider.shutdown, daemon=True)
        sending.start()
        sending.join(CLOSE_SECONDS)

    def _rest(self) -> None:
        self._working = None

    def _item(self, claim: Claim, index: int, parent: SpanContext, *, began: int, links: Sequence[Link] = ()) -> Span:
        head = claim.heads[index]
        attributes: dict[str, Value] = {
            "kind": claim.kind.value,
            "lane": claim.lane.value,
            "model": head.model,
            "task_id": f"{claim.group}-{index}",
        }
        if version := claim.version_asked(head):
            attributes["version"] = version
        return self._start(
            claim.kind.value,
            parent,
            kind=SpanKind.CONSUMER,
            attributes=named(attributes),
            links=links,
            start_time=began,
        )

    def _start(self, name: str, parent: SpanContext | None, **options: Any) -> Span:
        context = set_span_in_context(NonRecordingSpan(parent)) if parent is not None else None
        return self._tracer.start_span(name, context=context, **options)


def context_of(traceparent: str | None) -> SpanContext | None:
    """What a `traceparent` says; None for none, and for one that cannot be read."""
    if not traceparent:
        return None
    found = get_current_span(_propagator.extract({"traceparent": traceparent})).get_span_context()
    return found if found.is_valid else None


def named(attributes: dict[str, Value]) -> dict[str, Value]:
    """The attributes under the names that they have in a span."""
    return {f"mlservice.{name}": value for name, value in attributes.items()}
