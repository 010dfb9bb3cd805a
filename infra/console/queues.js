/** How much waits, by kind of work and lane. */

import { get } from "./api.js";
import { card, el } from "./dom.js";
import { pause } from "./events.js";
import { duration, number } from "./format.js";
import { kindName } from "./kinds.js";
import { addressOf } from "./places.js";
import { may } from "./session.js";

/** How often it is asked (ms). */
const EVERY = 5000;
const LANES = ["high", "normal", "low"];

export async function showQueues(main, _, signal) {
  const heading = el("div", { class: "head" }, el("h1", { tabindex: "-1" }, "Queues"), await readiness(signal));
  if (!may("monitor")) {
    main.replaceChildren(heading, card("", el("p", {}, "The queues are shown to accounts with the scope monitor."),
      el("p", { class: "hint" }, "Ask whoever runs the service for it.")));
    return;
  }
  const body = el("div", {});
  body.replaceChildren(lanes(await get("/v1/queues", signal)));
  main.replaceChildren(heading, card("Unfinished work by priority", body,
    el("p", { class: "hint" }, "Items that are accepted and not over, and how long the oldest has been there.")));
  keep(body, heading, signal).catch(() => {});
}

async function keep(body, heading, signal) {
  while (!signal.aborted) {
    await pause(EVERY, signal);
    if (signal.aborted || document.hidden) continue;
    const found = await get("/v1/queues", signal).catch(() => null);
    if (found) body.replaceChildren(lanes(found));
    heading.lastChild.replaceWith(await readiness(signal));
  }
}

/** Whether the service takes work. @returns {Promise<HTMLElement>} */
export async function readiness(signal) {
  const answer = await fetch(addressOf("/health/ready"), { signal, credentials: "omit", cache: "no-store" }).catch(() => null);
  const said = await answer?.json().catch(() => null);
  return answer?.ok ? el("span", { class: "badge good" }, "ready") : el("span", { class: "badge bad" }, said?.detail ?? "not ready");
}

/** What is not over, by kind and lane. */
export function lanes({ queues }) {
  const kinds = [...new Set(queues.map((queue) => queue.kind))];
  return el("table", { class: "lanes" },
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Work"), ...LANES.map((lane) => el("th", { scope: "col" }, lane)))),
    el("tbody", {}, ...kinds.map((kind) => el("tr", {}, el("th", { scope: "row" }, kindName(kind)),
      ...LANES.map((lane) => cell(queues.find((queue) => queue.kind === kind && queue.lane === lane)))))));
}

function cell(queue) {
  const busy = queue?.unfinished > 0;
  return el("td", { class: busy ? "busy" : "" }, el("span", { class: "big" }, number(queue?.unfinished ?? 0)),
    el("span", { class: "hint" }, busy ? duration(queue.oldest_seconds) : "empty"));
}
