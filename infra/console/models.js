/** Models and their versions. */

import { ask, get } from "./api.js";
import { curveView, hasPoints } from "./curve.js";
import { announce, card, el, facts, svg, table } from "./dom.js";
import { ago, duration, moment, number } from "./format.js";
import { problemBox } from "./problems.js";
import { may } from "./session.js";

const path = (model) => `/v1/models/${encodeURIComponent(model)}`;
export const linkTo = (model, version = "") => `#/models/${encodeURIComponent(model)}${version ? `/${version}` : ""}`;

export async function showModels(main, _, signal) {
  const { models } = await get("/v1/models", signal);
  const list = el("ul", { class: "list" }, ...models.map(({ model }) => row(model, signal)));
  main.replaceChildren(
    el("div", { class: "head" }, el("h1", { tabindex: "-1" }, "Models"), el("a", { class: "button", href: "#/new" }, "Upload a table")),
    models.length ? list : card("", el("p", {}, "There is no model yet."),
      el("p", { class: "hint" }, "Upload a table to make the first one.")));
}

function row(name, signal) {
  const more = el("span", { class: "more" }, "…");
  get(path(name), signal).then((model) => more.replaceChildren(summary(model))).catch((error) => { more.textContent = signal.aborted ? "" : error.message; });
  return el("li", {}, el("a", { href: linkTo(name) }, el("strong", {}, name), more));
}

function summary(model) {
  const versions = `${model.versions.length} version${model.versions.length === 1 ? "" : "s"}`;
  const current = model.current ? `version ${model.current} answers` : "not trained yet";
  return `${model.problem} · ${model.target} · ${number(model.snapshot.rows)} rows · ${versions} · ${current}`;
}

export async function showModel(main, [name], signal) {
  const model = await get(path(name), signal);
  const columns = model.schema.columns.map((column) => [column.name, column.type, column.nullable ? "yes" : "no", column.categories.length || ""]);
  main.replaceChildren(
    crumbs(["Models", "#/models"]),
    el("div", { class: "head" }, el("h1", { tabindex: "-1" }, name),
      el("div", { class: "actions" }, ...["train", "estimate"].filter((kind) => may(kind, name)).map((kind) =>
        el("a", { class: "button", href: `#/new/${kind}/${encodeURIComponent(name)}` }, kind === "train" ? "Train" : "Estimate")))),
    card("", facts([["Problem", model.problem], ["Target", model.target], ["Estimator", model.estimator],
      ["Rows", number(model.snapshot.rows)], ["Of them holdout", number(model.snapshot.holdout_rows)], ["Data of", moment(model.snapshot.created_at)]])),
    card("Versions", model.versions.length ? versionList(model) : el("p", {}, "None yet: train one.")),
    card("Columns", table("Columns", ["Name", "Type", "May be missing", "Categories"], columns)));
}

function versionList(model) {
  const newest = [...model.versions].sort((one, other) => other.version - one.version);
  return el("ul", { class: "list" }, ...newest.map((version) => el("li", {},
    el("a", { href: linkTo(model.model, version.version) },
      el("span", {}, el("strong", {}, `Version ${version.version}`), version.version === model.current && el("span", { class: "badge good" }, "current")),
      el("span", { class: "more" }, `${metricsLine(version.metrics)} · ${ago(version.created_at)}`)))));
}

const metricsLine = (metrics) => Object.entries(metrics).map(([name, value]) => `${name} ${number(value)}`).join(" · ");

export async function showVersion(main, [name, number_], signal) {
  const version = await get(`${path(name)}/versions/${number_}`, signal);
  const said = el("div", {});
  const promote = el("button", { type: "button", onclick: async () => {
    promote.disabled = true;
    try {
      await ask(`${path(name)}/versions/${number_}/promote`, { method: "POST" });
      await showVersion(main, [name, number_], signal);
      announce(`Version ${number_} of ${name} is current now`);
      main.querySelector("h1").focus();
    } catch (error) {
      said.replaceChildren(problemBox(error));
      promote.disabled = false;
    }
  } }, "Make it current");
  const curve = curveView();
  main.replaceChildren(
    crumbs(["Models", "#/models"], [name, linkTo(name)]),
    el("div", { class: "head" },
      el("h1", { tabindex: "-1" }, `Version ${version.version}`, version.current && el("span", { class: "badge good" }, "current")),
      el("div", { class: "actions" }, !version.current && may("models:write", name) && promote,
        el("a", { class: "button quiet", href: `/console/report.html#${encodeURIComponent(name)}/${number_}` }, "Report"))),
    said,
    card("Metrics on the holdout", el("div", { class: "figures" }, ...Object.entries(version.metrics).map(([metric, value]) =>
      el("div", {}, el("span", { class: "big" }, number(value)), el("span", { class: "hint" }, metric))))),
    card("Learning curve", hasPoints(version.curve) ? curve.element : el("p", { class: "hint" }, "No curve was kept of this version.")),
    card("Importance", importance(version.importance ?? {})),
    card("How it was made", facts([["Made", moment(version.created_at)], ["Took", duration(version.seconds)], ["Estimator", version.estimator],
      ...Object.entries(version.params ?? {}).map(([key, value]) => [key, typeof value === "object" ? JSON.stringify(value) : String(value)])])));
  if (hasPoints(version.curve)) curve.draw(version.curve);
}

function importance(found) {
  const sorted = Object.entries(found).sort((one, other) => other[1] - one[1]);
  if (!sorted.length) return el("p", { class: "hint" }, "The estimator tells none.");
  const sum = sorted.reduce((all, [, value]) => all + Math.max(0, value), 0) || 1;
  return el("ol", { class: "bars" }, ...sorted.map(([name, value]) => {
    const part = Math.max(0, value) / sum;
    return el("li", {}, el("span", { class: "name" }, name), bar(sorted[0][1] > 0 ? value / sorted[0][1] : 0),
      el("span", { class: "number" }, `${(part * 100).toFixed(1)} %`));
  }));
}

function bar(part) {
  return svg("svg", { class: "bar", "aria-hidden": "true", width: "100%", height: "10" },
    svg("rect", { class: "whole", width: "100%", height: "10", rx: "5" }),
    part > 0 && svg("rect", { class: "part", width: `${Math.max(1.2, part * 100).toFixed(1)}%`, height: "10", rx: "5" }));
}

/** The way back. @param {...[string, string]} steps */
export function crumbs(...steps) {
  return el("nav", { class: "crumbs", "aria-label": "Where this is" }, ...steps.map(([text, href]) => el("a", { href }, text)));
}
