/** One model, in parts: what it is, its data, its versions, what happened to it, how it is called, what is kept of it. */

import { get } from "./api.js";
import { copyable } from "./copying.js";
import { card, crumbs, el, entitle, facts, table } from "./dom.js";
import { driftCard } from "./drift.js";
import { moment, number } from "./format.js";
import { importance } from "./importance.js";
import { kindName } from "./kinds.js";
import { badges, deletion, historyCard, notesCard } from "./life.js";
import { span } from "./metrics.js";
import { addressOf, linkTo, modelsLink, modelTabLink, reportLink, taskLink, tasksLink, tryLink, webhooksLink, workLink } from "./places.js";
import { findingList, planTable } from "./plan.js";
import { RowForm } from "./rowform.js";
import { may } from "./session.js";
import { CodeView } from "./snippets.js";
import { spark } from "./spark.js";
import { stateBadge } from "./tasks.js";
import { aging } from "./times.js";
import { versionsCard } from "./versions.js";

/** How many versions, columns and tasks the first part shows. */
const VERSIONS = 5, COLUMNS = 5, TASKS = 20;

/** Each part by its word in the address; the first has none. @type {Record<string, {name: string, show: (model: any, signal: AbortSignal, again: () => Promise<void>) => Promise<Array<any>>|Array<any>}>} */
const PARTS = {
  "": { name: "Overview", show: overview }, data: { name: "Data", show: data }, versions: { name: "Versions", show: versions },
  activity: { name: "Activity", show: activity }, api: { name: "API", show: api }, settings: { name: "Settings", show: settings },
};

const path = (model) => `/v1/models/${encodeURIComponent(model)}`;

/** The parts of a model, as links. @param {string} name @param {string} at the one that is shown */
export function tabs(name, at) {
  const link = (text, href, here) => el("a", { href, "aria-current": here ? "page" : null }, text);
  const parts = Object.entries(PARTS).filter(([part]) => part !== "settings" || may("models:write", name))
    .map(([part, { name: text }]) => link(text, modelTabLink(name, part), part === at));
  if (may("estimate", name)) parts.splice(3, 0, link("Try it", tryLink(name), at === "try"));
  return el("nav", { class: "tabs", "aria-label": "Parts" }, ...parts);
}

export async function showModel(main, [name, part = ""], signal) {
  const model = await get(path(name), signal);
  entitle(part ? `${PARTS[part].name} of ${name}` : name);
  const again = () => showModel(main, [name, part], signal);
  const shown = await PARTS[part].show(model, signal, again);
  main.replaceChildren(
    crumbs(["Models", modelsLink]),
    el("div", { class: "head" }, el("h1", { tabindex: "-1" }, name, ...badges(model.tags)),
      el("div", { class: "actions" }, ...["train", "estimate"].filter((kind) => may(kind, name)).map((kind) =>
        el("a", { class: "button", href: workLink(kind, name) }, kindName(kind))))),
    tabs(name, part), ...shown);
}

async function overview(model, signal) {
  const live = model.current ? await get(`${path(model.model)}/versions/${model.current}`, signal) : null;
  const newest = model.versions.slice(-VERSIONS).reverse();
  return [
    card("", facts([["Problem", model.problem], ["Target", model.target], ["Estimator", model.estimator], ...dataFacts(model.snapshot).slice(0, 2)]),
      model.notes && el("p", { class: "said" }, model.notes)),
    live ? liveCard(model.model, live) : card("", el("p", {}, model.version_count ? "No version answers: make one live." : "It is not trained yet."),
      may("train", model.model) && el("p", {}, el("a", { class: "button", href: workLink("train", model.model) }, "Train it"))),
    card("Newest versions", newest.length ? el("ul", { class: "list" }, ...newest.map((one) => el("li", {}, el("a", { href: linkTo(model.model, one.version) },
      el("span", { class: "about" }, el("strong", {}, `Version ${one.version}`)), one.version === model.current && el("span", { class: "badge good" }, "live"),
      el("span", { class: "more" }, ...Object.entries(one.metrics).slice(0, 1).map(([metric, value]) => `${metric} ${number(value)}, `), aging(one.created_at))))))
      : el("p", {}, "None yet."), model.version_count > newest.length && el("p", {}, el("a", { href: modelTabLink(model.model, "versions") }, `All ${number(model.version_count)} versions`))),
  ];
}

/** How good what answers is, and by what. */
function liveCard(name, live) {
  const found = Object.entries(live.importance ?? {}).length;
  return card(`Version ${live.version} is live`,
    el("div", { class: "figures" }, ...Object.entries(live.metrics).map(([metric, value]) => el("div", {}, el("span", { class: "big" }, number(value)),
      el("span", { class: "hint" }, metric), el("span", { class: "hint" }, span(live, metric)))), spark(live.curve)),
    el("p", { class: "hint" }, `On test rows, which it has not learned from. Trained `, aging(live.created_at), ". ", el("a", { href: linkTo(name, live.version) }, "More of it"), ", ", el("a", { href: reportLink(name, live.version) }, "its report"), "."),
    ...(found ? [el("h3", {}, "What matters most"), importance(live.importance, COLUMNS)] : []));
}

function dataFacts(snapshot) {
  if (!snapshot) return [["Data", "deleted: a train needs another upload"]];
  return [["Rows", number(snapshot.rows)], ["Of them test rows", number(snapshot.holdout_rows)], ["Data of", moment(snapshot.created_at)], ["Read from", snapshot.source || "what was sent"]];
}

async function data(model, signal, again) {
  const drift = await get(`${path(model.model)}/drift`, signal);
  const { model: name, plan, schema } = model;
  const columns = schema?.columns?.map((column) => [column.name, column.type, column.nullable ? "yes" : "no", column.categories.length || ""]);
  const removable = may("models:write", name) && model.snapshot && model.version_count;
  return [
    card("", facts(dataFacts(model.snapshot)), may("init", name) && el("p", {}, el("a", { class: "button quiet", href: workLink("init", name) }, "Upload more, or other data"))),
    plan ? card("Columns", findingList(plan.findings ?? []), planTable(plan))
      : card("Columns", columns ? table("Columns", ["Name", "Type", "May be missing", "Categories"], columns) : el("p", { class: "hint" }, "They are lost: `mlservice repair` says what can be saved.")),
    model.version_count ? driftCard(drift) : "",
    removable ? deletion("the data", `${path(name)}/snapshot`, "Versions stay and answer. A train needs another upload then.", again) : "",
  ];
}

async function versions(model, signal) {
  return [await versionsCard(model, signal)];
}

async function activity(model, signal) {
  const { model: name } = model;
  const query = new URLSearchParams({ model: name, limit: String(TASKS), ...(may("admin") && { owner: "*" }) });
  const [{ tasks }, history] = await Promise.all([may("tasks:read") ? get(`/v1/tasks?${query}`, signal) : { tasks: [] }, historyCard(path(name), signal)]);
  const rows = tasks.map((task) => el("li", {}, el("a", { href: taskLink(task.id) },
    el("span", { class: "about" }, el("strong", {}, kindName(task.kind)), el("span", { class: "hint" }, `${task.owner}, `, aging(task.submitted_at))), stateBadge(task.state))));
  return [
    card("Last tasks", rows.length ? el("ul", { class: "list tasks" }, ...rows) : el("p", { class: "hint" }, "There were none in the last day."),
      el("p", {}, el("a", { href: `${tasksLink}?model=${encodeURIComponent(name)}` }, "All tasks of this model"))),
    history,
  ];
}

async function api(model, signal) {
  const { model: name, links } = model;
  const full = (address) => new URL(addressOf(address), location.href).href;
  const addresses = [["Predict", links.estimate], ["Open Inference Protocol", links.infer], ["MLflow's scoring protocol", links.invocations], ["The model itself", links.self]];
  const version = model.current ? await get(`${path(name)}/versions/${model.current}`, signal) : null;
  return [
    card("Addresses", facts(addresses.map(([what, address]) => [what, copyable(full(address), `address: ${what}`)])),
      el("p", { class: "hint" }, "With a token of ", el("code", {}, "POST v1/token"), ". All routes: ", el("a", { href: "docs" }, "the API"), ".")),
    version?.schema ? card("A typical row, as code", codeOf(name, version)) : card("", el("p", {}, "Once a version answers, a row of it is here as code.")),
  ];
}

function codeOf(name, version) {
  const row = new RowForm(version.schema.columns, version.importance ?? {}, () => {}), code = new CodeView(name, version);
  row.typical();
  code.show(row.value() ?? {});
  return code.element;
}

function settings(model) {
  const { model: name } = model;
  return [
    notesCard(path(name), model, true),
    card("Who is told", el("p", {}, "A URL can be told when work ends and versions change: ", el("a", { href: webhooksLink }, "webhooks"), ".")),
    deletion(`the model ${name}`, path(name), "With all its versions, its data and its reports. What happened to it stays known.", () => { location.hash = modelsLink; }),
  ];
}
