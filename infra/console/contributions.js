/** Why a prediction is what it is: what each column contributes. */

import { swing } from "./bars.js";
import { el } from "./dom.js";
import { number } from "./format.js";

/** Most rows that are explained, and most columns of each; the others are summed up. */
const ROWS = 20;
const COLUMNS = 12;
/** Most characters of a value. */
const LENGTH = 40;

/** @param {any} result of an estimate with `explain=true` */
export function contributions(result) {
  const count = Math.min(result.predictions.length, ROWS);
  return el("section", { class: "why" }, el("h3", {}, "What each column contributes"),
    el("p", { class: "hint" }, `To ${scaleOf(result)}: base and contributions add up to it.`
      + (count < result.predictions.length ? ` The first ${count} rows are explained; the API tells all.` : "")),
    ...Array.from({ length: count }, (_, index) => el("details", { open: index === 0 },
      el("summary", {}, `Row ${index + 1}: ${number(result.predictions[index])}`), explained(result, index))));
}

/** To what contributions sum up. */
export const scaleOf = (result) => (result.classes ? "the raw score (log-odds) of the class that is predicted" : "the prediction");

/**
 * What each column contributes in one row, the most first.
 * @param {any} result of an estimate with `explain=true` @param {number} index of the row @param {Record<string, any>} [row] as it was sent, whose values are shown then
 */
export function explained(result, index, row = {}) {
  const { raw, base, parts } = ofRow(result, index);
  const largest = Math.max(...parts.map(([, value]) => Math.abs(value))) || 1;
  return el("ul", { class: "bars signed", "aria-label": "Contributions" },
    el("li", {}, el("span", { class: "name" }, "Base"), el("span", { class: "number" }, number(base))),
    ...parts.map(([name, value]) => el("li", {}, el("span", { class: "name" }, name, given(row[name])), swing(value / largest), el("span", { class: "number" }, signed(value)))),
    el("li", { class: "sum" }, el("span", { class: "name" }, "Together"), el("span", { class: "number" }, number(raw))));
}

/** The value of a column, behind its name. */
function given(value) {
  if (value === undefined) return null;
  const text = value === null ? "missing" : typeof value === "number" ? number(value) : String(value);
  return el("span", { class: "hint" }, ` ${text.length > LENGTH ? `${text.slice(0, LENGTH)}…` : text}`);
}

/** What there is of a row; of several classes, that of the one that is predicted. */
function ofRow({ predictions, classes, raw, contributions: { columns, values, base } }, index) {
  const of = (found) => Array.isArray(raw[index]) ? found[index][classes.indexOf(predictions[index])] : found[index];
  const sorted = columns.map((name, at) => [name, of(values)[at]]).sort(([, one], [, other]) => Math.abs(other) - Math.abs(one));
  const rest = sorted.slice(COLUMNS);
  const summed = rest.length ? [[`${rest.length} others`, rest.reduce((sum, [, value]) => sum + value, 0)]] : [];
  return { raw: of(raw), base: of(base), parts: [...sorted.slice(0, COLUMNS), ...summed] };
}

const signed = (value) => `${value < 0 ? "−" : "+"}${number(Math.abs(value))}`;
