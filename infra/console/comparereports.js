/** What the reports of versions say, beside each other: whether chances hold what they promise, and where each errs. */

import { ask } from "./api.js";
import { card, el } from "./dom.js";
import { number, percent } from "./format.js";
import { held } from "./held.js";
import { chart } from "./xychart.js";

/**
 * @typedef {{event: string, given: number[], true: number[]}} Calibration
 * @typedef {{measure: string, splits: {column: string, segments: {name: string, rows: number, error: number}[]}[]}} Segments
 * @typedef {{version: number, calibration: Calibration|null, segments: Segments|null}} Told
 */

/** @param {HTMLElement} place @param {string} model @param {number[]} versions @param {AbortSignal} signal */
export async function compareReports(place, model, versions, signal) {
  const told = (await Promise.all(versions.map((version) => read(model, version, signal)))).filter(Boolean);
  if (signal.aborted || !told.length) return;
  place.replaceChildren(...[calibrations(told.filter((one) => one.calibration)), segments(told.filter((one) => one.segments)), missing(versions, told)].filter(Boolean));
}

/** @returns {Promise<Told|null>} null where a version has no report that tells it */
async function read(model, version, signal) {
  try {
    const answer = await ask(`/v1/models/${encodeURIComponent(model)}/versions/${version}/report`, { headers: { Accept: "text/html" }, signal });
    const html = await answer.text();
    const found = { version, calibration: held(html, "calibration"), segments: held(html, "segments") };
    return found.calibration || found.segments ? found : null;
  } catch {
    return null;
  }
}

function missing(versions, told) {
  const others = versions.filter((version) => !told.some((one) => one.version === version));
  return others.length ? el("p", { class: "hint" }, `The report of version ${others.join(" and of ")} says nothing of it, or is not there.`) : null;
}

/** @param {Told[]} told */
function calibrations(told) {
  if (!told.length) return null;
  const points = ({ calibration }) => calibration.given.map((given, at) => [given, calibration.true[at]]);
  const worst = ({ calibration }) => Math.max(...calibration.given.map((given, at) => Math.abs(given - calibration.true[at])));
  const drawn = chart({
    title: "Calibration", up: "part that came true", across: `chance given to ${told[0].calibration.event}`, usual: [[0, 0], [1, 1]],
    alt: told.map((one) => `version ${one.version} is off by ${percent(worst(one))} at most`).join(", "), lines: told.map((one, at) => ({ points: points(one), look: `v${at}` })),
  });
  return card("Calibration", el("p", { class: "hint" }, "On the straight line, what is called 70 % is so in 70 % of the test rows."), drawn,
    el("p", { class: "keys" }, ...told.map((one, at) => el("span", { class: `key v${at}` }, `Version ${one.version}, off by ${percent(worst(one))} at most`))));
}

/** @param {Told[]} told */
function segments(told) {
  if (!told.length) return null;
  const columns = [...new Set(told.flatMap(({ segments }) => segments.splits.map(({ column }) => column)))];
  const of = (one, column) => one.segments.splits.find((split) => split.column === column)?.segments ?? [];
  const rows = columns.flatMap((column) => [...new Set(told.flatMap((one) => of(one, column).map(({ name }) => name)))].map((name) => {
    const found = told.map((one) => of(one, column).find((segment) => segment.name === name));
    const least = Math.min(...found.map((segment) => segment?.error ?? Infinity));
    return el("tr", {}, el("th", { scope: "row" }, `${column}: ${name} `, el("span", { class: "hint" }, `${number(found.find(Boolean).rows)} rows`)), ...found.map((segment, at) =>
      el("td", { "data-head": `Version ${told[at].version}`, class: segment?.error === least && told.length > 1 ? "best" : null }, segment ? number(segment.error) : "–")));
  }));
  return card("Where they err", el("p", { class: "hint" }, `${told[0].segments.measure} on test rows, by the columns that count most for each.`),
    el("div", { class: "scrolls", tabindex: "0", role: "region", "aria-label": "Where they err" }, el("table", { class: "versions" },
      el("thead", {}, el("tr", {}, el("td", {}), ...told.map(({ version }) => el("th", { scope: "col" }, `Version ${version}`)))), el("tbody", {}, ...rows))));
}
