/** The models, each with how good what answers is. */

import { get } from "./api.js";
import { card, el, whenSeen } from "./dom.js";
import { number } from "./format.js";
import { badges } from "./life.js";
import { linkTo, workLink } from "./places.js";
import { showProblem, singly } from "./problems.js";
import { mayAny } from "./session.js";
import { spark } from "./spark.js";
import { aging } from "./times.js";

const path = (model) => `/v1/models/${encodeURIComponent(model)}`;

/** How many models are asked for at a time. */
const PAGE = 100;

export async function showModels(main, _, signal) {
  const list = el("ul", { class: "list models" }), wrong = el("div", {});
  let place = `/v1/models?limit=${PAGE}`;
  const more = async () => {
    const page = await get(place, signal);
    list.append(...page.models.map(({ model, tags }) => row(model, tags, signal)));
    place = page.next;
    button.hidden = !place;
  };
  const further = async () => {
    const last = list.lastElementChild;
    wrong.replaceChildren();
    try {
      await more();
      // The button may be gone, and with it the focus.
      last.nextElementSibling?.firstChild.focus();
    } catch (error) {
      if (!signal.aborted) showProblem(wrong, error);
    }
  };
  const button = el("button", { type: "button", class: "quiet", onclick: () => singly(button, further) }, "Show more");
  await more();
  main.replaceChildren(
    el("div", { class: "head" }, el("h1", { tabindex: "-1" }, "Models"), mayAny("init") && el("a", { class: "button", href: workLink("init") }, "Upload a table")),
    list.firstElementChild ? list : card("", el("p", {}, "There is no model that you may see."),
      el("p", { class: "hint" }, mayAny("init") ? "Upload a table to make the first one." : "Ask whoever runs the service for a scope, or for a model.")),
    wrong, el("div", { class: "actions" }, button));
}

function row(name, tags, signal) {
  const link = el("a", { href: linkTo(name) }, el("strong", {}, name), el("span", { class: "more" }, "…"));
  const item = el("li", {}, link);
  whenSeen(item, signal, () => describe(link, name, tags, signal).catch((error) => {
    if (!signal.aborted) link.lastChild.textContent = error.message;
  }));
  return item;
}

async function describe(link, name, tags, signal) {
  const model = await get(path(name), signal);
  const current = model.current ? await get(`${path(name)}/versions/${model.current}`, signal) : null;
  const count = `${model.version_count} version${model.version_count === 1 ? "" : "s"}`;
  const rows = model.snapshot ? `${number(model.snapshot.rows)} rows` : "no data";
  const about = el("span", { class: "hint" }, `${model.problem} · ${model.target} · ${rows} · ${count}`);
  link.replaceChildren(
    el("span", { class: "about" }, el("span", {}, el("strong", {}, name), ...badges(tags)), about),
    el("span", { class: "drawn" }, current && spark(current.curve)), standing(model, current));
}

/** How good the current version is. The first metric is the one that decides whether a version is better. */
function standing(model, current) {
  if (!current) return el("span", { class: "standing hint" }, model.version_count ? "no version is live" : "not trained yet");
  const [[metric, value] = []] = Object.entries(current.metrics);
  return el("span", { class: "standing" }, metric && el("span", {}, `${metric} `, el("strong", {}, number(value))),
    el("span", { class: "hint" }, `version ${current.version} answers, trained `, aging(current.created_at)));
}
