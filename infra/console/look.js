/** What a dry run says of a table. */

import { el, table } from "./dom.js";
import { number } from "./format.js";
import { findingList, planTable } from "./plan.js";

/** Most columns of the first rows that are shown, and most characters of a value. */
const COLUMNS = 50;
const LENGTH = 80;

/**
 * @param {{rows: number, problem: string|null, target: string|null, plan: any, sample: Array<Record<string, any>>}} found
 * @param {{menus: (column: any) => [any, any], wishes: (found: any) => HTMLElement, aim: (name: string) => void}} [choices] by which it can be had otherwise
 */
export function look(found, choices) {
  const said = found.problem ? `; the target ${found.target} makes it ${found.problem}` : "";
  return el("div", { class: "look" }, el("p", {}, `${number(found.rows)} rows would be kept${said}. Nothing is stored.`),
    choices?.wishes(found), findingList(found.plan.findings ?? []), el("h3", {}, "Columns"), planTable(found.plan, choices && ((column) => choices.menus(column))), firstRows(found, choices));
}

function firstRows({ plan, sample, target }, choices) {
  if (!sample?.length) return null;
  const all = plan.columns.map(({ name }) => name).filter((name) => name in sample[0]);
  const names = all.slice(0, COLUMNS);
  return el("div", {}, el("h3", {}, "First rows, as they were read"),
    choices && el("p", { class: "hint" }, "Press the name of the column that is to be predicted."),
    table("First rows", names.map((name) => (choices ? head(name, name === target, choices) : name)), sample.map((row) => names.map((name) => cell(row[name])))),
    all.length > names.length && el("p", { class: "hint" }, `And ${number(all.length - names.length)} columns more.`));
}

/** The name of a column, which makes it the target. */
function head(name, isTarget, choices) {
  return el("button", { type: "button", class: "quiet small", "aria-pressed": String(isTarget), onclick: () => choices.aim(name) }, name);
}

function cell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return value;
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text.length > LENGTH ? `${text.slice(0, LENGTH)}…` : text;
}
