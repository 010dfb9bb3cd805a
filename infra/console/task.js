/** One task, live: its bar, its curve, its end. */

import { ask, get, submit } from "./api.js";
import { addPoint, curveView, emptyCurve, hasPoints } from "./curve.js";
import { copyable } from "./copying.js";
import { announce, card, crumbs, el, entitle, facts } from "./dom.js";
import { follow, isOver } from "./events.js";
import { goTo } from "./forms.js";
import { duration, moment, number } from "./format.js";
import { workName } from "./kinds.js";
import { look } from "./look.js";
import { againLink, linkTo, tryLink, workLink } from "./places.js";
import { findingList, planTable } from "./plan.js";
import { predictions } from "./predictions.js";
import { failureBox, showProblem, singly } from "./problems.js";
import { save } from "./saving.js";
import { may } from "./session.js";
import { stateBadge } from "./tasks.js";

export async function showTask(main, [id], signal) {
  const task = await get(`/v1/tasks/${encodeURIComponent(id)}`, signal);
  const view = new View(main, task);
  if (isOver(task.state)) return view.end(task);
  view.state(task);
  if (task.progress) view.progress(task.progress);
  follow(task.id, signal, {
    state: (data) => view.state(data),
    progress: (data) => view.progress(data),
    result: (done) => view.end(done),
  }).catch((error) => view.wrong(error));
}

class View {
  constructor(main, task) {
    this.task = task;
    this.points = emptyCurve();
    this.curve = curveView();
    this.badge = el("span", { id: "state" });
    this.bar = el("progress", { "aria-label": "Progress", max: "1" });
    this.left = el("p", { class: "left" });
    this.live = card("Progress", this.bar, this.left, this.curve.element);
    this.outcome = el("div", { id: "outcome" });
    this.facts = el("div", {});
    this.over = new Promise((resolve) => { this.finish = resolve; });
    this.cancel = el("button", { type: "button", class: "danger", onclick: () => singly(this.cancel, () => this.stop()) }, "Cancel");
    main.replaceChildren(
      crumbs(["Tasks", "#/tasks"]),
      el("div", { class: "head" }, el("h1", { tabindex: "-1" }, `${workName(task)} `, this.badge), this.cancel),
      this.live, this.outcome, card("", this.facts));
    this.describe();
  }

  describe() {
    const task = this.task;
    this.facts.replaceChildren(facts([["Model", el("a", { href: linkTo(task.model) }, task.model)], ["Priority", task.lane],
      ["Submitted", moment(task.submitted_at)], ["Waited", between(task.submitted_at, task.started_at)],
      ["Started", moment(task.started_at)], ["Took", between(task.started_at, task.finished_at)], ["Finished", moment(task.finished_at)],
      ...(task.retries ? [["Tried again", `${task.retries} times${task.retry_error ? `: ${task.retry_error}` : ""}`]] : []),
      ...(task.worker ? [["Worker", task.worker]] : []), ...asked(task), ["Id", copyable(task.id, "id")]]));
  }

  state({ state, position, ...times }) {
    this.tell(state);
    if (state === "running") this.begin(times.started_at ?? times.at);
    if (state === "queued") this.left.textContent = position ? `Waits at place ${position} of the ${this.task.kind} work that is queued.` : "Waits.";
    else if (!hasPoints(this.points)) this.left.textContent = "A worker has it.";
  }

  /** Show the state where it is looked for: beside the name, in the title of the tab, and aloud. */
  tell(state) {
    this.badge.replaceChildren(stateBadge(state));
    entitle(`${workName(this.task)}: ${state}`);
    announce(`${workName(this.task)}: ${state}`);
  }

  /** Another run of the task, whose worker may have died, has another curve. */
  begin(started) {
    if (!started || started === this.started) return;
    this.started = started;
    this.points = emptyCurve();
    if (started === this.task.started_at) return;
    this.task = { ...this.task, state: "running", started_at: started };
    this.describe();
  }

  progress(data) {
    this.bar.value = data.total ? data.iteration / data.total : 0;
    const left = typeof data.seconds_left === "number" ? `, about ${duration(data.seconds_left)} left` : "";
    const step = data.search && !Object.keys(data.metrics ?? {}).length ? "Trial" : "Iteration";
    this.left.textContent = `${step} ${data.iteration} of ${data.total}, ${duration(data.seconds ?? 0)} so far${left}${found(data.search)}`;
    addPoint(this.points, data);
    if (hasPoints(this.points)) this.curve.draw(this.points, data.total);
  }

  end(task) {
    this.task = task;
    this.finish();
    this.tell(task.state);
    const focused = document.activeElement === this.cancel;
    this.cancel.remove();
    if (focused) document.querySelector("h1").focus();
    if (task.progress) this.progress(task.progress);
    this.live.hidden = !hasPoints(this.points);
    // Nothing comes any more: the room of the curve is for what there is.
    if (hasPoints(this.points)) this.curve.draw(this.points);
    if (task.progress) this.left.textContent = `${task.progress.iteration} of ${task.progress.total} iterations in ${duration(task.progress.seconds)}${stoppedEarly(task)}${found(task.progress.search)}`;
    if (task.state === "cancelled" && task.progress?.search?.params) {
      this.left.append(el("code", {}, ` ${JSON.stringify(task.progress.search.params)}`));
    }
    this.outcome.replaceChildren(task.error ? failure(task) : outcome(task));
    this.describe();
    if (isOver(task.state) && may(task.kind, task.model)) this.facts.append(againWith(task));
    if (task.kind === "train" && task.result) this.wholeCurve(task.result);
  }

  /** What the version keeps has every iteration, also those before this page was opened. */
  async wholeCurve({ model, version }) {
    const found = await get(`/v1/models/${encodeURIComponent(model)}/versions/${version}`).catch(() => null);
    if (!hasPoints(found?.curve)) return;
    this.live.hidden = false;
    this.curve.draw(found.curve);
  }

  async stop() {
    try {
      await ask(`/v1/tasks/${this.task.id}`, { method: "DELETE" });
      this.left.textContent = "It is being cancelled…";
      // A worker stops at its next iteration: until then there is nothing more to press.
      await this.over;
    } catch (error) {
      this.wrong(error);
    }
  }

  wrong(error) {
    showProblem(this.outcome, error);
  }
}

/** How long it was from one time to another. @param {string|null} start @param {string|null} end */
const between = (start, end) => start && end ? duration((Date.parse(end) - Date.parse(start)) / 1000) : "–";

/** A result that is no JSON, because that was asked for. */
function other(task) {
  const wrong = el("div", {});
  const button = el("button", { type: "button", class: "quiet", onclick: () => singly(button, async () => {
    try {
      const answer = await ask(task.links.result);
      const ending = ["csv", "zip"].find((one) => answer.headers.get("Content-Type").includes(one)) ?? "arrow";
      save(await answer.blob(), `${task.id}.${ending}`);
    } catch (error) {
      showProblem(wrong, error);
    }
  }) }, "Save it");
  return el("div", {}, el("p", { class: "hint" }, "It is in the form that was asked for, which is not shown here."), button, wrong);
}

/** Why a task did not end well, and where to go on. */
function failure(task) {
  return el("div", {}, failureBox(task.error, task.state),
    el("p", {}, el("a", { class: "button quiet", href: workLink(task.kind, task.model, task.error.pointer === "?replace") }, `${workName(task)} anew`)));
}

/** What a task that ended well gave. */
function outcome(task) {
  const result = task.result;
  if (!result) return card("Result", other(task));
  if (result.dry_run) return card("What an init would make of it", look(result));
  if (task.kind === "estimate") return card("Predictions", predictions(result));
  if (task.kind === "train") {
    return card("Result", el("p", {}, el("a", { href: linkTo(result.model, result.version) }, `Version ${result.version} of ${result.model}`),
      result.promoted ? " is stored and live." : " is stored; another one stays live."), findingList(result.findings ?? []),
    el("p", { class: "actions" }, may("estimate", result.model) && el("a", { class: "button", href: tryLink(result.model, result.promoted ? "" : result.version) }, "Try it"), may("train", result.model) && again(result)));
  }
  return card("Result", el("p", {}, `${result.rows} rows are kept, ${result.holdout_rows} of them as test rows, ${result.validation_rows ?? 0} to stop fits by; the target ${result.target} makes it ${result.problem}.`),
    ...(result.plan ? [] : result.warnings ?? []).map((warning) => el("p", { class: "note" }, warning)),
    result.plan && findingList(result.plan.findings ?? []), result.plan && planTable(result.plan),
    trainNow(result.model));
}

/** Why a fit ended before all its iterations. */
function stoppedEarly({ state, progress: { iteration, total, best } }) {
  const [found] = Object.values(best ?? {});
  const without = found ? iteration - found.iteration : 0;
  return state === "succeeded" && iteration < total && without > 0 ? `: best ${found.iteration}, no gain in ${without} rounds` : "";
}

/** What it was asked for, beside the rows. @returns {Array<[string, string]>} */
function asked({ request }) {
  const wished = Object.entries({ ...request?.query, ...request?.body }).filter(([, value]) => value !== null && value !== "" && JSON.stringify(value) !== "{}");
  return wished.map(([name, value]) => [`Asked: ${name}`, typeof value === "object" ? JSON.stringify(value) : String(value)]);
}

/** A form with what was asked for, to change it. */
function againWith(task) {
  return el("p", {}, el("a", { href: againLink(task) }, "Again, in a form with what was asked for"));
}

/** The same train once more, as on data that has grown. */
function again({ model, version }) {
  const button = el("button", { type: "button", class: "quiet", onclick: () => singly(button, async () => {
    try {
      const { params } = await get(`/v1/models/${encodeURIComponent(model)}/versions/${version}`);
      goTo((await submit(model, "train", JSON.stringify({ params, promote: "if_better" }), "application/json")).id);
    } catch (error) {
      showProblem(button.parentElement, error);
    }
  }) }, "Again with the same params");
  return button;
}

/** The next step after a table: a train as it is without a word, or with parameters. */
function trainNow(model) {
  const wrong = el("div", {});
  const button = el("button", { type: "button", onclick: () => singly(button, async () => {
    try {
      goTo((await submit(model, "train", JSON.stringify({ promote: "if_better" }), "application/json")).id);
    } catch (error) {
      showProblem(wrong, error);
    }
  }) }, "Train now");
  return el("div", {}, wrong, el("p", { class: "actions" }, may("train", model) && button,
    el("a", { class: "button quiet", href: workLink("train", model) }, "Train a version")));
}

/** What a search has found, and what the params have as they are. */
function found(search) {
  if (typeof search?.best !== "number") return "";
  return `; best ${search.metric} of ${search.trials} trials ${number(search.best)}, with the params as they were ${number(search.default)}`;
}
