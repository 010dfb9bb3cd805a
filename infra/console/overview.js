/** How the service does: what it did in the last day, what it does now, and what that takes. */

import { get } from "./api.js";
import { card, el, table } from "./dom.js";
import { pause } from "./events.js";
import { bytes, duration, number } from "./format.js";
import { kindName, workName } from "./kinds.js";
import { modelsLink, taskLink, workLink } from "./places.js";
import { lanes, readiness } from "./queues.js";
import { may, mayAny } from "./session.js";
import { stateBadge } from "./tasks.js";
import { timeline } from "./timeline.js";
import { aging } from "./times.js";

/** How often what is now is asked for, and what was (ms). */
const NOW = 5000, WAS = 60_000;
/** Of how many minutes a figure of now is made: notes are made once a minute. */
const LATELY = 5;
/** How many trains are shown. */
const TRAINS = 5;
const KINDS = ["init", "train", "estimate"];

export async function showOverview(main, _, signal) {
  if (!may("monitor")) {
    return main.replaceChildren(el("h1", { tabindex: "-1" }, "Overview"), card("", el("p", {}, "How the service does is shown to accounts with the scope monitor."),
      el("p", {}, el("a", { href: modelsLink }, "Your models"), " are here.")));
  }
  const view = new Overview(signal);
  await Promise.all([view.now(), view.was()]);
  main.replaceChildren(view.element);
  view.keep();
}

class Overview {
  constructor(signal) {
    this.signal = signal;
    this.ready = el("span", {});
    this.figures = el("div", { class: "figures" });
    this.charts = el("div", { class: "curves" });
    this.queues = el("div", {});
    this.working = el("div", {});
    this.trains = el("div", {});
    this.element = el("div", {},
      el("div", { class: "head" }, el("h1", { tabindex: "-1" }, "Overview"), this.ready),
      card("", this.figures),
      card("The last 24 hours", this.charts),
      el("div", { class: "halves" },
        card("Waiting and running", this.queues, el("p", { class: "hint" }, "Work that is accepted and not over, by priority, and for how long the oldest has been there.")),
        card("Workers", this.working)),
      card("Last trains", this.trains));
  }

  async keep() {
    for (let turn = 1; !this.signal.aborted; turn++) {
      await pause(NOW, this.signal);
      if (this.signal.aborted || document.hidden) continue;
      // While the service is away, what is known stays.
      await this.now().catch(() => {});
      if ((turn * NOW) % WAS === 0) await this.was().catch(() => {});
    }
  }

  /** What is now. */
  async now() {
    const trains = may("tasks:read") ? get(`/v1/tasks?kind=train&limit=${TRAINS}${may("admin") ? "&owner=*" : ""}`, this.signal) : null;
    const [queues, workers, told, ready] = await Promise.all([get("/v1/queues", this.signal), get("/v1/workers", this.signal), trains, readiness(this.signal)]);
    this.ready.replaceChildren(ready);
    this.queues.replaceChildren(lanes(queues));
    this.working.replaceChildren(fleets(workers.fleets), working(workers.working));
    this.trains.replaceChildren(told ? trainList(told.tasks) : el("p", { class: "hint" }, "Tasks are shown to accounts with the scope tasks:read."));
  }

  /** What was. */
  async was() {
    const [day, lately] = await Promise.all([get("/v1/activity", this.signal), get(`/v1/activity?hours=1&step=${LATELY}`, this.signal)]);
    this.figures.replaceChildren(...figures(day, lately));
    this.charts.replaceChildren(...charts(day));
  }
}

/** Those of now, and of the day. */
function figures({ points }, lately) {
  const now = lately.points.at(-1), last = points.at(-1);
  const failed = points.reduce((sum, point) => sum + total(point.failed), 0), ended = points.reduce((sum, point) => sum + total(point.failed) + total(point.succeeded), 0);
  return [
    figure("predictions a minute", now ? number(rate(now)) : "–"),
    figure("p95 of a prediction", now ? time(latency(now)) : "–", "waiting and at work"),
    figure("failed in 24 h", number(failed), ended ? `of ${number(ended)}` : "of none", failed ? "#/tasks?state=failed" : ""),
    last && figure("memory of Redis", bytes(last.redis_bytes), last.redis_limit_bytes ? `of ${bytes(last.redis_limit_bytes)}` : "no limit"),
    last?.disk_bytes && figure("free on the disk", bytes(last.disk_free_bytes), `of ${bytes(last.disk_bytes)}`),
  ].filter(Boolean);
}

function figure(name, value, beside = "", href = "") {
  return el("div", {}, href ? el("a", { class: "big", href }, value) : el("span", { class: "big" }, value), el("span", { class: "hint" }, name), beside && el("span", { class: "hint" }, beside));
}

const total = (counts) => KINDS.reduce((sum, kind) => sum + counts[kind], 0);
/** Rows a minute; null where nothing is known. */
const rate = ({ rows, seconds }) => (seconds ? (60 * rows) / seconds : null);
const latency = (point) => (point.working_p95_seconds.estimate === null ? null : point.working_p95_seconds.estimate + (point.waiting_p95_seconds.estimate ?? 0));
const time = (seconds) => (seconds === null ? "–" : duration(seconds));

function charts({ points, step_seconds }) {
  if (!points.length) return [el("p", { class: "hint" }, "Nothing is noted yet: the first note is made within a minute or two.")];
  const times = points.map(({ at }) => Date.parse(at)), step = 1000 * step_seconds;
  const draw = (title, series, written) => timeline(title, times, step, series, written);
  return [
    draw("Predictions a minute", [{ name: "rows", look: "v0", values: points.map(rate) }], number),
    draw("p95 of a prediction", [{ name: "at work", look: "v0", values: points.map((point) => point.working_p95_seconds.estimate) },
      { name: "waiting", look: "v1", values: points.map((point) => point.waiting_p95_seconds.estimate) }], duration),
    draw("Failed", [{ name: "tasks", look: "v2", values: points.map((point) => (point.seconds ? total(point.failed) : null)) }], number),
    draw("Age of the oldest work", ["high", "normal", "low"].map((lane, at) => ({ name: lane, look: `v${at}`, values: points.map((point) => point.oldest_seconds[lane]) })), duration),
  ];
}

function fleets(found) {
  return table("Workers by fleet", ["Fleet", "Members", "Processes"], found.map(({ fleet, members }) =>
    [fleet, members.length, members.reduce((sum, { processes }) => sum + processes, 0)]));
}

/** What workers have. */
function working(found) {
  if (!found.length) return el("p", { class: "hint" }, "Nobody works at the moment.");
  return el("ul", { class: "happened" }, ...found.map((work) => el("li", {},
    el("a", { href: taskLink(work.links.task.split("/").at(-1)) }, `${kindName(work.kind)} ${work.models.join(", ")}`),
    el("span", { class: "hint" }, [work.items > 1 && `${number(work.items)} tasks together`, `for ${duration(Math.max(0, (Date.now() - Date.parse(work.started_at)) / 1000))}`,
      work.worker && `by ${work.worker.split("#")[0]}`].filter(Boolean).join(", ")))));
}

function trainList(tasks) {
  if (!tasks.length) return el("p", { class: "hint" }, "There were none in the last day. ", mayAny("train") && el("a", { href: workLink("train") }, "Train a model"));
  return el("ul", { class: "list tasks" }, ...tasks.map((task) => el("li", {}, el("a", { href: taskLink(task.id) },
    el("span", { class: "about" }, el("strong", {}, workName(task)), el("span", { class: "hint" }, `${task.owner}, `, aging(task.submitted_at))), stateBadge(task.state)))));
}
