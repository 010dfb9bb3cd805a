/** The caller's tasks: the list, which follows what is not over. */

import { ask, get, Problem } from "./api.js";
import { confirmed } from "./confirming.js";
import { announce, el } from "./dom.js";
import { isOver, pause } from "./events.js";
import { ago, duration, number, sentence } from "./format.js";
import { kindName, workName } from "./kinds.js";
import { taskLink } from "./places.js";
import { problemBox, showProblem, singly } from "./problems.js";
import { may, session } from "./session.js";
import { filterForm, hasText, queryOf, wantedOf } from "./taskfilter.js";
import { toast } from "./toast.js";

/** How many tasks are asked for at a time. */
const PAGE = 25;
/** How many are looked through for a text, at a time and for one wish. */
const LOOK = 200, LOOKS = 5;
/** How often the list is brought up to date (ms). */
const EVERY = 2000;
/** Most tasks that are then asked for one by one. */
const ASKED = 8;

/** @param {string} state */
export function stateBadge(state) {
  const tone = { succeeded: "good", failed: "bad", running: "busy", queued: "calm" }[state] ?? "calm";
  return el("span", { class: `badge ${tone}` }, state);
}

export async function showTasks(main, [query = ""], signal) {
  const place = el("div", {});
  let turn = new AbortController();
  const begin = async (wanted) => {
    turn.abort();
    turn = new AbortController();
    const list = new List(wanted, AbortSignal.any([signal, turn.signal]));
    await list.more();
    place.replaceChildren(list.equal, list.element, list.foot);
    list.keep();
  };
  const wanted = wantedOf(query);
  const form = filterForm(wanted, (now) => begin(now).catch((error) => error.name !== "AbortError" && showProblem(place, error)));
  // A filter that is refused is there to be changed.
  await begin(wanted).catch((error) => {
    if (!query || error.name === "AbortError") throw error;
    place.replaceChildren(problemBox(error));
  });
  main.replaceChildren(el("div", { class: "head" }, el("h1", { tabindex: "-1" }, "Tasks"), may("admin") && el("a", { class: "button quiet", href: "#/dead" }, "Failed for good")), form, place);
}

/** The newest of the tasks that are wanted. */
class List {
  /** @param {import("./taskfilter.js").Wanted} wanted @param {AbortSignal} signal */
  constructor(wanted, signal) {
    this.query = queryOf(wanted);
    this.state = wanted.state;
    this.text = wanted.text;
    this.seen = 0;
    this.signal = signal;
    /** What is shown, by id: those first that were not asked for one by one for longest. @type {Map<string, {task: any, row: HTMLElement}>} */
    this.shown = new Map();
    /** Most rows to show; more only for who asks for more. */
    this.room = 0;
    /** Where the list goes on, "" at its end. */
    this.after = "";
    this.element = el("ul", { class: "list tasks" });
    this.button = el("button", { type: "button", class: "quiet", onclick: () => singly(this.button, () => this.further()) }, "Show more");
    this.wrong = el("div", {});
    this.equal = el("div", {});
    this.cancel = el("button", { type: "button", class: "quiet", onclick: () => singly(this.cancel, () => this.cancelAll()) }, "");
    this.foot = el("div", {}, this.wrong, el("div", { class: "actions" }, this.button, this.cancel));
  }

  async ask(after, limit = PAGE) {
    const query = new URLSearchParams({ limit: String(limit), ...this.query, ...(after && { after }) });
    const { tasks, next } = await get(`/v1/tasks?${query}`, this.signal);
    return { tasks, next: next ? new URL(next, location.origin).searchParams.get("after") : "" };
  }

  /** One page more. */
  async more() {
    this.room += PAGE;
    for (let looks = 0; looks < (this.text ? LOOKS : 1) && this.shown.size < this.room; looks += 1) {
      const { tasks, next } = await this.ask(this.after, this.text ? LOOK : PAGE);
      this.after = next;
      this.seen += tasks.length;
      tasks.forEach((task) => this.put(task));
      if (!next) break;
    }
    // Where a text is looked for, all that was found is shown.
    if (this.text) this.room = Math.max(this.room, this.shown.size);
    this.tidy();
  }

  async further() {
    const last = this.element.lastElementChild;
    this.wrong.replaceChildren();
    try {
      await this.more();
      // The button is gone at the end of the list, and with it the focus.
      last.nextElementSibling?.firstChild.focus();
    } catch (error) {
      if (!this.signal.aborted) showProblem(this.wrong, error);
    }
  }

  async keep() {
    while (!this.signal.aborted) {
      await pause(EVERY, this.signal);
      if (this.signal.aborted || document.hidden) continue;
      await this.refresh().catch((error) => {
        // While the service is away, what is known stays.
        if (!this.signal.aborted && !(error instanceof Problem)) throw error;
      });
    }
  }

  async refresh() {
    const { tasks, next } = await this.ask("");
    const isGap = !this.text && tasks.length === PAGE && !tasks.some((task) => this.shown.has(task.id));
    if (isGap) this.restart(next);
    tasks.forEach((task) => this.put(task));
    const told = new Set(tasks.map((task) => task.id));
    const others = [...this.shown.values()].filter(({ task }) => !isOver(task.state) && !told.has(task.id));
    await Promise.all(others.slice(0, ASKED).map(({ task }) => this.look(task.id)));
    this.tidy();
  }

  /** More came than a page has: what was shown is not beside it in the list. */
  restart(next) {
    [...this.shown.keys()].forEach((id) => this.drop(id));
    this.room = PAGE;
    this.after = next;
  }

  /** Ask for one task, which left the first page or the state that is shown. */
  async look(id) {
    try {
      const task = await get(`/v1/tasks/${id}`, this.signal);
      const known = this.shown.get(id);
      this.shown.delete(id);
      if (known) this.shown.set(id, known);
      this.put(task);
    } catch (error) {
      if (error instanceof Problem && error.status === 404) this.drop(id);
    }
  }

  put(task) {
    const known = this.shown.get(task.id);
    if (known && isOver(task.state) && !isOver(known.task.state)) announce(`${workName(task)}: ${task.state}`);
    if ((this.state && task.state !== this.state) || !hasText(task, this.text)) return this.drop(task.id);
    if (known) {
      known.task = task;
      // The link stays, and with it the focus.
      known.row.firstChild.replaceChildren(...content(task));
      return;
    }
    const row = el("li", { "data-at": task.submitted_at }, el("a", { href: taskLink(task.id) }, ...content(task)));
    this.element.insertBefore(row, [...this.element.children].find((other) => other.dataset.at < task.submitted_at) ?? null);
    this.shown.set(task.id, { task, row });
  }

  drop(id) {
    const known = this.shown.get(id);
    if (!known) return;
    this.shown.delete(id);
    const { row } = known;
    const beside = row.nextElementSibling ?? row.previousElementSibling;
    if (row.contains(document.activeElement)) (beside?.firstChild ?? document.querySelector("h1")).focus();
    row.remove();
  }

  /** No more than there is room for; and if there is nothing, say so. */
  tidy() {
    this.element.querySelector(".none")?.remove();
    const ids = new Map([...this.shown].map(([id, { row }]) => [row, id]));
    for (const row of [...this.element.children].slice(this.room)) {
      this.drop(ids.get(row));
      this.after = ids.get(this.element.lastElementChild);
    }
    if (!this.shown.size && !this.after) this.element.append(el("li", { class: "none" }, this.nothing()));
    this.button.hidden = !this.after;
    if (this.text) this.button.textContent = `Look further than the newest ${number(this.seen)}`;
    const unfinished = this.unfinished();
    this.cancel.hidden = !unfinished.length;
    this.cancel.textContent = unfinished.length === 1 ? "Cancel the one that is not over" : `Cancel the ${unfinished.length} that are not over`;
    this.equal.replaceChildren(equalErrors([...this.shown.values()].map(({ task }) => task)) ?? "");
  }

  unfinished() {
    return [...this.shown.values()].map(({ task }) => task).filter((task) => !isOver(task.state));
  }

  /** Cancel what is shown and not over, after a word of who asks. */
  async cancelAll() {
    const tasks = this.unfinished();
    if (!await confirmed(`Cancel ${tasks.length === 1 ? workName(tasks[0]) : `${tasks.length} tasks`}?`, "Those that run stop soon; nothing of them is kept.", "Cancel them")) return;
    this.wrong.replaceChildren();
    const done = await Promise.allSettled(tasks.map(({ id }) => ask(`/v1/tasks/${id}`, { method: "DELETE" })));
    const refused = done.find(({ status, reason }) => status === "rejected" && reason.status !== 409);
    if (refused) showProblem(this.wrong, /** @type {PromiseRejectedResult} */ (refused).reason);
    toast(`${done.filter(({ status }) => status === "fulfilled").length} of ${tasks.length} cancelled; the others had ended`);
    await this.refresh();
  }

  nothing() {
    if (this.text) return el("p", { class: "hint" }, `None of these ${number(this.seen)} tasks has that text.`);
    if (this.state) return el("p", { class: "hint" }, `No task is ${this.state}.`);
    if (Object.keys(this.query).length) return el("p", { class: "hint" }, "There is no such task.");
    return el("p", { class: "hint" }, "You have no tasks yet. ", el("a", { href: "#/new" }, "Upload a table"), " to begin.");
  }
}

/** Errors that several of these tasks have, those first that most have; null if there are none. */
function equalErrors(tasks) {
  const counts = new Map();
  for (const { error } of tasks) if (error?.detail) counts.set(error.detail, (counts.get(error.detail) ?? 0) + 1);
  const often = [...counts].filter(([, count]) => count > 1).sort(([, one], [, other]) => other - one);
  if (!often.length) return null;
  return el("details", { class: "card" }, el("summary", {}, `Equal errors among these: ${often.length}`),
    el("ul", { class: "names" }, ...often.map(([detail, count]) => el("li", {}, el("strong", {}, `${count} × `), sentence(detail)))));
}

function content(task) {
  const why = task.error?.detail && el("span", { class: "hint" }, sentence(task.error.detail));
  return [el("span", { class: "about" }, el("span", {}, el("strong", {}, `${kindName(task.kind)} `), task.model), why), el("span", { class: "more" }, [task.owner !== session()?.name && task.owner, note(task)].filter(Boolean).join(", ")), stateBadge(task.state)];
}

function note(task) {
  if (task.state === "running" && task.progress) return `${task.progress.iteration} of ${task.progress.total}`;
  if (task.state === "queued") return `priority ${task.lane}, ${ago(task.submitted_at)}`;
  const took = task.started_at && task.finished_at ? `took ${duration((Date.parse(task.finished_at) - Date.parse(task.started_at)) / 1000)}, ` : "";
  return took + ago(task.finished_at ?? task.submitted_at);
}
