/** Versions of a model beside each other: metrics, params, curves, importance. */

import { get } from "./api.js";
import { curveView, hasPoints } from "./curve.js";
import { card, crumbs, el, entitle } from "./dom.js";
import { duration, number, percent } from "./format.js";
import { madeFor } from "./lineage.js";
import { compareReports } from "./comparereports.js";
import { bestOf, delta, metricsOf, shareOf, span } from "./metrics.js";
import { linkTo, modelsLink, reportLink } from "./places.js";
import { aging } from "./times.js";

/** Most columns whose importance is shown. */
const COLUMNS = 15;

export async function showComparison(main, [name, given], signal) {
  const address = `/v1/models/${encodeURIComponent(name)}/versions`;
  const wanted = [...new Set(given.split("-").map(Number))];
  const versions = await Promise.all(wanted.map((version) => get(`${address}/${version}`, signal)));
  entitle(`Compare ${wanted.join(", ")} of ${name}`);
  const curve = curveView({ sets: versions.map((version, at) => ({ name: labelOf(version), look: `v${at}` })) });
  const lines = Object.fromEntries(versions.flatMap((version) => version.curve?.lines?.holdout ? [[labelOf(version), version.curve.lines.holdout]] : []));
  main.replaceChildren(
    crumbs(["Models", modelsLink], [name, linkTo(name)]),
    el("div", { class: "head" }, el("h1", { tabindex: "-1" }, `Compare versions of ${name}`)),
    card("Metrics on test rows", metricsTable(versions), sameData(versions)),
    card("Learning curves on the holdout", hasPoints({ lines }) ? curve.element : el("p", { class: "hint" }, "No curve was kept of these versions.")),
    el("div", { id: "reports" }),
    card("Parameters", paramsTable(versions)),
    card("Importance", importanceTable(versions)),
    card("More", sideBySide("Versions", versions, [
      ["Made", (version) => aging(version.created_at)], ["Took", (version) => duration(version.seconds)],
      ["For", (version) => madeFor(version)], ["Estimator", (version) => version.estimator],
      ["Report", (version) => el("a", { href: reportLink(name, version.version), "aria-label": `Report of version ${version.version}` }, "Report")]])));
  if (hasPoints({ lines })) curve.draw({ lines, best: {} });
  await compareReports(document.getElementById("reports"), name, wanted, signal);

  function sideBySide(caption, columns, rows) {
    return el("div", { class: "scrolls", tabindex: "0", role: "region", "aria-label": caption }, el("table", { class: "versions" },
      el("thead", {}, el("tr", {}, el("td", {}), ...columns.map((version) => el("th", { scope: "col" }, el("a", { href: linkTo(name, version.version) }, labelOf(version)), version.current && el("span", { class: "badge good" }, "live"))))),
      el("tbody", {}, ...rows.map(([head, cell, marked]) => el("tr", {}, el("th", { scope: "row" }, head), ...columns.map((version) =>
        el("td", { "data-head": labelOf(version), class: marked?.has(version.version) ? "best" : null }, cell(version))))))));
  }

  function metricsTable(of) {
    return sideBySide("Metrics", of, metricsOf(of).map((metric) => [metric, (version) => el("span", {}, number(version.metrics[metric]),
      el("span", { class: "hint" }, delta(version, of[0], metric)), el("span", { class: "hint" }, span(version, metric))), bestOf(of, metric)]));
  }

  function paramsTable(of) {
    const used = of.map((version) => ({ ...version.params, ...version.params_used }));
    const names = [...new Set(used.flatMap(Object.keys))];
    const rows = names.map((param) => [param, used.map((params) => (param in params ? said(params[param]) : "–"))]);
    const isSame = ([, texts]) => texts.every((text) => text === texts[0]);
    const [other, same] = [rows.filter((row) => !isSame(row)), rows.filter(isSame)];
    const shown = (some) => sideBySide("Parameters", of, some.map(([param, texts]) => [param, (version) => texts[of.indexOf(version)]]));
    return el("div", {}, other.length ? shown(other) : el("p", { class: "hint" }, "None differs."),
      same.length ? el("details", {}, el("summary", {}, `${same.length} that are the same`), shown(same)) : null);
  }

  function importanceTable(of) {
    const shares = of.map(({ importance }) => shareOf(importance ?? {}));
    const names = [...new Set(shares.flatMap(Object.keys))].sort((one, other) => largest(other) - largest(one));
    function largest(column) {
      return Math.max(...shares.map((share) => share[column] ?? 0));
    }
    if (!names.length) return el("p", { class: "hint" }, "The estimator tells none.");
    return el("div", {}, sideBySide("Importance", of, names.slice(0, COLUMNS).map((column) => [column, (version) => percent(shares[of.indexOf(version)][column] ?? 0)])),
      names.length > COLUMNS && el("p", { class: "hint" }, `And ${number(names.length - COLUMNS)} columns more.`));
  }
}

const labelOf = ({ version }) => `Version ${version}`;
const said = (value) => (typeof value === "object" ? JSON.stringify(value) : String(value));

/** Whether metrics can be compared at all. */
function sameData(versions) {
  const same = versions.every(({ fingerprint, measured }) => fingerprint === versions[0].fingerprint && measured?.by === versions[0].measured?.by);
  return same ? null : el("p", { class: "note" }, "They were measured on other data, or in another way: a difference may come from that.");
}
