/** Models: the list, and one of them. */

import { get } from "./api.js";
import { card, crumbs, el, entitle, facts, table, whenSeen } from "./dom.js";
import { ago, moment, number } from "./format.js";
import { findingList, planTable } from "./plan.js";
import { linkTo, modelsLink, workLink } from "./places.js";
import { may, mayAny } from "./session.js";
import { spark } from "./spark.js";

const path = (model) => `/v1/models/${encodeURIComponent(model)}`;

export async function showModels(main, _, signal) {
  const { models } = await get("/v1/models", signal);
  main.replaceChildren(
    el("div", { class: "head" }, el("h1", { tabindex: "-1" }, "Models"), mayAny("init") && el("a", { class: "button", href: workLink("init") }, "Upload a table")),
    models.length ? el("ul", { class: "list models" }, ...models.map(({ model }) => row(model, signal))) : card("", el("p", {}, "There is no model that you may see."),
      el("p", { class: "hint" }, mayAny("init") ? "Upload a table to make the first one." : "Ask whoever runs the service for a scope, or for a model.")));
}

function row(name, signal) {
  const link = el("a", { href: linkTo(name) }, el("strong", {}, name), el("span", { class: "more" }, "…"));
  const item = el("li", {}, link);
  whenSeen(item, signal, () => describe(link, name, signal).catch((error) => {
    if (!signal.aborted) link.lastChild.textContent = error.message;
  }));
  return item;
}

async function describe(link, name, signal) {
  const model = await get(path(name), signal);
  const current = model.versions.find((version) => version.version === model.current);
  const count = `${model.versions.length} version${model.versions.length === 1 ? "" : "s"}`;
  const about = el("span", { class: "hint" }, `${model.problem} · ${model.target} · ${number(model.snapshot.rows)} rows · ${count}`);
  const drawn = el("span", { class: "drawn" });
  link.replaceChildren(el("span", { class: "about" }, el("strong", {}, name), about), drawn, standing(model, current));
  if (!current) return;
  const version = await get(`${path(name)}/versions/${current.version}`, signal);
  drawn.replaceChildren(...[spark(version.curve)].filter(Boolean));
}

/** How good the current version is. The first metric is the one that decides whether a version is better. */
function standing(model, current) {
  if (!current) return el("span", { class: "standing hint" }, model.versions.length ? "no version is current" : "not trained yet");
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
        el("a", { class: "button", href: workLink(kind, name) }, kind === "train" ? "Train" : "Estimate")))),
    card("", facts([["Problem", model.problem], ["Target", model.target], ["Estimator", model.estimator],
      ["Rows", number(model.snapshot.rows)], ["Of them holdout", number(model.snapshot.holdout_rows)], ["Data of", moment(model.snapshot.created_at)], ["Read from", model.snapshot.source || "what was sent"]])),
    card("Versions", model.versions.length ? versionList(model) : el("p", {}, "None yet: train one.")),
    model.plan ? card("Columns", findingList(model.plan.findings ?? []), planTable(model.plan))
      : card("Columns", table("Columns", ["Name", "Type", "May be missing", "Categories"], columns)));
}

function versionList(model) {
  const newest = [...model.versions].sort((one, other) => other.version - one.version);
  return el("ul", { class: "list" }, ...newest.map((version) => el("li", {},
    el("a", { href: linkTo(model.model, version.version) },
      el("span", {}, el("strong", {}, `Version ${version.version}`), version.version === model.current && el("span", { class: "badge good" }, "current")),
      el("span", { class: "more" }, `${metricsLine(version.metrics)} · ${ago(version.created_at)}`)))));
}

const metricsLine = (metrics) => Object.entries(metrics).map(([name, value]) => `${name} ${number(value)}`).join(" · ");
