/** The caller's tasks: the list, which follows what runs. */

import { get } from "./api.js";
import { announce, card, el, select, field } from "./dom.js";
import { follow, isOver, pause } from "./events.js";
import { ago, sentence } from "./format.js";

/** Most tasks that are followed at a time: a browser keeps six connections to a host. */
const FOLLOWED = 3;
const PAGE = 25;
/** How often it is looked for new tasks, and for the end of those that are not followed (ms). */
const EVERY = 3000;

export const taskLink = (id) => `#/tasks/${encodeURIComponent(id)}`;

/** @param {string} state */
export function stateBadge(state) {
  const tone = { succeeded: "good", failed: "bad", running: "busy", queued: "calm" }[state] ?? "calm";
  return el("span", { class: `badge ${tone}` }, state);
}

export async function showTasks(main, _, signal) {
  const states = { "": "All states", queued: "Queued", running: "Running", succeeded: "Succeeded", failed: "Failed", cancelled: "Cancelled", expired: "Expired" };
  const chosen = select("state", states);
  const list = el("ul", { class: "list tasks" });
  const foot = el("div", { class: "actions" });
  let turn = new AbortController();
  const begin = async () => {
    turn.abort();
    turn = new AbortController();
    list.replaceChildren();
    const both = AbortSignal.any([signal, turn.signal]);
    await page(list, foot, chosen.value, "", both);
    keep(list, chosen.value, both).catch(() => {});
  };
  chosen.addEventListener("change", () => begin().catch(() => {}));
  await begin();
  main.replaceChildren(
    el("div", { class: "head" }, el("h1", { tabindex: "-1" }, "Tasks"), field("Show", chosen)),
    list, foot);
}

async function keep(list, state, signal) {
  while (!signal.aborted) {
    await pause(EVERY, signal);
    if (signal.aborted || document.hidden) continue;
    const query = new URLSearchParams({ limit: String(PAGE), ...(state && { state }) });
    const found = await get(`/v1/tasks?${query}`, signal).catch(() => null);
    for (const task of found?.tasks.toReversed() ?? []) update(list, task, signal);
  }
}

function update(list, task, signal) {
  const shown = list.querySelector(`#task-${task.id}`);
  if (shown) {
    if (!("followed" in shown.dataset)) shown.firstChild.replaceChildren(...row(task).firstChild.childNodes);
    return;
  }
  list.querySelector(".none")?.remove();
  list.prepend(row(task));
  if (!isOver(task.state) && list.querySelectorAll("[data-followed]").length < FOLLOWED) watch(list, task, signal);
}

async function page(list, foot, state, after, signal) {
  const query = new URLSearchParams({ limit: String(PAGE), ...(state && { state }), ...(after && { after }) });
  const { tasks, next } = await get(`/v1/tasks?${query}`, signal);
  list.append(...tasks.map(row));
  tasks.filter((task) => !isOver(task.state)).slice(0, FOLLOWED).forEach((task) => watch(list, task, signal));
  if (!list.children.length && !next) list.append(el("li", { class: "none" }, el("p", { class: "hint" }, "There is no task here.")));
  const more = el("button", { type: "button", class: "quiet", onclick: () => page(list, foot, state, next, signal) }, "Show more");
  foot.replaceChildren(...(next ? [more] : []));
}

function row(task) {
  return el("li", { id: `task-${task.id}` }, el("a", { href: taskLink(task.id) },
    el("span", {}, el("strong", {}, `${sentence(task.kind)} `), task.model),
    el("span", { class: "more" }, note(task)), stateBadge(task.state)));
}

function note(task) {
  if (task.state === "running" && task.progress) return `${task.progress.iteration} of ${task.progress.total}`;
  if (task.state === "queued" && task.position) return `place ${task.position}, lane ${task.lane}`;
  return ago(task.finished_at ?? task.submitted_at);
}

function watch(list, task, signal) {
  let known = task;
  const shown = list.querySelector(`#task-${task.id}`);
  shown.dataset.followed = "";
  const show = (change) => {
    known = { ...known, ...change };
    // The link stays, and with it the focus.
    shown.firstChild.replaceChildren(...row(known).firstChild.childNodes);
  };
  follow(task.id, signal, {
    state: ({ state, position }) => show({ state, position }),
    progress: (progress) => show({ progress, state: "running" }),
    result: (done) => { show(done); announce(`${done.kind} of ${done.model}: ${done.state}`); },
  }).catch(() => {}).finally(() => delete shown.dataset.followed);
}
