/** Models: the list, and one of them. */

import { get } from "./api.js";
import { card, crumbs, el, entitle, facts, table, whenSeen } from "./dom.js";
import { ago, moment, number } from "./format.js";
import { badges, deletion, historyCard, notesCard } from "./life.js";
import { findingList, planTable } from "./plan.js";
import { linkTo, modelsLink, tryLink, workLink } from "./places.js";
import { showProblem, singly } from "./problems.js";
import { may, mayAny } from "./session.js";
import { spark } from "./spark.js";
import { versionsCard } from "./versions.js";

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
  if (!current) return el("span", { class: "standing hint" }, model.version_count ? "no version is current" : "not trained yet");
  const [[metric, value] = []] = Object.entries(current.metrics);
  return el("span", { class: "standing" }, metric && el("span", {}, `${metric} `, el("strong", {}, number(value))),
    el("span", { class: "hint" }, `version ${current.version} answers, trained ${ago(current.created_at)}`));
}

export async function showModel(main, [name], signal) {
  const model = await get(path(name), signal);
  entitle(name);
  const columns = model.schema.columns.map((column) => [column.name, column.type, column.nullable ? "yes" : "no", column.categories.length || ""]);
  main.replaceChildren(
    crumbs(["Models", modelsLink]),
    el("div", { class: "head" }, el("h1", { tabindex: "-1" }, name),
      el("div", { class: "actions" }, ...["train", "estimate"].filter((kind) => may(kind, name)).map((kind) =>
        el("a", { class: "button", href: workLink(kind, name) }, kind === "train" ? "Train" : "Estimate")),
        may("estimate", name) && model.version_count ? el("a", { class: "button quiet", href: tryLink(name) }, "Try it") : null)),
    card("", facts([["Problem", model.problem], ["Target", model.target], ["Estimator", model.estimator], ...dataFacts(model.snapshot)])),
    await versionsCard(model, signal),
    model.plan ? card("Columns", findingList(model.plan.findings ?? []), planTable(model.plan))
      : card("Columns", table("Columns", ["Name", "Type", "May be missing", "Categories"], columns)),
    notesCard(path(name), model, may("models:write", name)),
    await historyCard(path(name), signal),
    ...(may("models:write", name) ? deletions(name, model, () => showModel(main, [name], signal)) : []));
}

function dataFacts(data) {
  if (!data) return [["Data", "deleted: a train needs another upload"]];
  return [["Rows", number(data.rows)], ["Of them holdout", number(data.holdout_rows)], ["Data of", moment(data.created_at)], ["Read from", data.source || "what was sent"]];
}

function deletions(name, model, again) {
  const parts = [deletion(`the model ${name}`, path(name), "With all its versions, its data and its reports. What happened to it stays known.", () => { location.hash = modelsLink; })];
  if (model.snapshot && model.version_count) parts.unshift(deletion("the data", `${path(name)}/snapshot`, "Versions stay and answer. A train needs another upload then.", again));
  return parts;
}
