/** Which tasks are listed: fields, and the same in the address, so that a list can be handed on. */

import { el, field, select } from "./dom.js";
import { VERBATIM } from "./forms.js";
import { KINDS } from "./kinds.js";
import { taskLink, tasksLink } from "./places.js";
import { may } from "./session.js";

const STATES = { "": "All states", queued: "Queued", running: "Running", succeeded: "Succeeded", failed: "Failed", cancelled: "Cancelled", expired: "Expired" };
/** How long ago a task may have been submitted (s). */
const SINCE = { "": "Any time", 3600: "The last hour", 86400: "The last day", 604800: "The last week" };
const NAMES = ["state", "kind", "model", "owner", "since", "request_id", "text"];
/** What the API calls the tasks of all. */
const ALL = "*";
/** What the id of a task looks like. */
const TASK_ID = /^[0-9a-f]{32}-\d+$/;

/** What is asked for. @typedef {Record<"state"|"kind"|"model"|"owner"|"since"|"request_id"|"text", string>} Wanted */

/** What an address asks for. @param {string} query @returns {Wanted} */
export function wantedOf(query) {
  const given = new URLSearchParams(query);
  return /** @type {Wanted} */ (Object.fromEntries(NAMES.map((name) => [name, given.get(name) ?? ""])));
}

/** The same for the API, which looks for no text. @param {Wanted} wanted @returns {Record<string, string>} */
export function queryOf({ since, owner, text: _, ...others }) {
  const said = { ...others, owner: owner || (may("admin") ? ALL : ""), since: since && new Date(Date.now() - Number(since) * 1000).toISOString() };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value));
}

/** Whether a text is in what is shown of a task. @param {any} task @param {string} text */
export function hasText(task, text) {
  const said = [task.id, task.kind, task.model, task.owner, task.state, task.lane, task.retry_error, task.error?.title, task.error?.detail, task.error?.pointer];
  return said.filter(Boolean).join(" ").toLowerCase().includes(text.toLowerCase());
}

/** @param {Wanted} wanted @param {(wanted: Wanted) => void} changed */
export function filterForm(wanted, changed) {
  const state = field("Show", select("state", STATES, wanted.state));
  const kind = field("Kind", select("kind", { "": "All kinds", ...KINDS }, wanted.kind));
  const since = field("Submitted", select("since", SINCE, wanted.since));
  const model = field("Of model", el("input", { name: "model", type: "search", value: wanted.model, ...VERBATIM }));
  const owner = may("admin") && field("Of account", el("input", { name: "owner", type: "search", value: wanted.owner, placeholder: "all", ...VERBATIM }));
  const id = field("By id", el("input", { name: "id", type: "search", value: wanted.request_id, placeholder: "of a task or a request", ...VERBATIM }));
  const text = field("With the text", el("input", { name: "text", type: "search", value: wanted.text, placeholder: "such as of an error", ...VERBATIM }));
  const form = el("form", { class: "filter", "aria-label": "Which tasks" }, ...[state, kind, since, model, owner, id, text].filter(Boolean), el("button", { type: "submit", class: "unseen", tabindex: "-1" }, "Show"));
  const tell = () => {
    const said = new FormData(form);
    const of = (name) => String(said.get(name === "request_id" ? "id" : name) ?? "").trim();
    const now = /** @type {Wanted} */ (Object.fromEntries(NAMES.map((name) => [name, of(name)])));
    const query = new URLSearchParams(Object.entries(now).filter(([, value]) => value)).toString();
    history.replaceState(null, "", `${tasksLink}${query ? `?${query}` : ""}`);
    changed(now);
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wantedId = String(new FormData(form).get("id") ?? "").trim();
    if (TASK_ID.test(wantedId)) location.hash = taskLink(wantedId);
    else tell();
  });
  form.addEventListener("change", ({ target }) => { if (target.name !== "id" || !target.value.trim()) tell(); });
  return form;
}
