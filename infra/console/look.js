/** What a dry run says of a table. */

import { el, table } from "./dom.js";
import { number } from "./format.js";
import { findingList, planTable } from "./plan.js";

/** Most columns of the first rows that are shown, and most characters of a value. */
const COLUMNS = 50;
const LENGTH = 80;

/**
 * @param {{rows: number, problem: string|null, target: string|null, plan: any, sample: Array<Record<string, any>>}} found
 * @param {(column: any) => [any, any]} [shown] how role and type of a column are shown
 */
export function look(found, shown) {
  const said = found.problem ? `; the target ${found.target} makes it ${found.problem}` : "";
  return el("div", { class: "look" }, el("p", {}, `${number(found.rows)} rows would be kept${said}. Nothing is stored.`),
    findingList(found.plan.findings ?? []), el("h3", {}, "Columns"), planTable(found.plan, shown), firstRows(found));
}

function firstRows({ plan, sample }) {
  if (!sample?.length) return null;
  const all = plan.columns.map(({ name }) => name).filter((name) => name in sample[0]);
  const names = all.slice(0, COLUMNS);
  return el("div", {}, el("h3", {}, "First rows, as they were read"),
    table("First rows", names, sample.map((row) => names.map((name) => cell(row[name])))),
    all.length > names.length && el("p", { class: "hint" }, `And ${number(all.length - names.length)} columns more.`));
}

function cell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return value;
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text.length > LENGTH ? `${text.slice(0, LENGTH)}…` : text;
}
