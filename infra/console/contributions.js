/** Why a prediction is what it is: what each column contributes. */

import { swing } from "./bars.js";
import { el } from "./dom.js";
import { number } from "./format.js";

/** Most rows that are explained, and most columns of each; the others are summed up. */
const ROWS = 20;
const COLUMNS = 12;

/** @param {any} result of an estimate with `explain=true` */
export function contributions(result) {
  const count = Math.min(result.predictions.length, ROWS);
  const scale = result.classes ? "the raw score (log-odds) of the class that is predicted" : "the prediction";
  return el("section", { class: "why" }, el("h3", {}, "What each column contributes"),
    el("p", { class: "hint" }, `To ${scale}: base and contributions add up to it.`
      + (count < result.predictions.length ? ` The first ${count} rows are explained; the API tells all.` : "")),
    ...Array.from({ length: count }, (_, index) => explained(result, index)));
}

function explained(result, index) {
  const { raw, base, parts } = ofRow(result, index);
  const largest = Math.max(...parts.map(([, value]) => Math.abs(value))) || 1;
  return el("details", { open: index === 0 },
    el("summary", {}, `Row ${index + 1}: ${number(result.predictions[index])}`),
    el("ul", { class: "bars signed" },
      el("li", {}, el("span", { class: "name" }, "Base"), el("span", { class: "number" }, number(base))),
      ...parts.map(([name, value]) => el("li", {}, el("span", { class: "name" }, name), swing(value / largest), el("span", { class: "number" }, signed(value)))),
      el("li", { class: "sum" }, el("span", { class: "name" }, "Together"), el("span", { class: "number" }, number(raw)))));
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
