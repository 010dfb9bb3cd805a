/** The plan of a table: what was found, and what each column is. */

import { el, table } from "./dom.js";
import { number } from "./format.js";

/** Most columns, and values of one, that are shown. */
const COLUMNS = 200;
const VALUES = 3;

/** What an init or a train found, the worst first. @param {Array<any>} findings */
export function findingList(findings) {
  const order = ["error", "warning", "info"];
  const sorted = [...findings].sort((one, other) => order.indexOf(one.severity) - order.indexOf(other.severity));
  if (!sorted.length) return null;
  return el("ul", { class: "findings", "aria-label": "Findings" }, ...sorted.map((finding) => el("li", { class: finding.severity },
    el("span", { class: `badge ${finding.severity === "error" ? "bad" : finding.severity === "warning" ? "busy" : ""}` }, finding.severity),
    " ", finding.message, where(finding),
    finding.done && el("span", { class: "done" }, `: ${finding.done}`), ".",
    finding.remedy && el("p", { class: "hint" }, `Otherwise: ${finding.remedy}.`))));
}

/** Where in the file it was seen: lines from 1, or rows from 0. */
function where({ lines = [], rows = [] }) {
  if (lines.length) return ` (line ${lines.join(", ")})`;
  return rows.length ? ` (row ${rows.join(", ")}, counted from 0)` : "";
}

/**
 * What each column is.
 * @param {{columns: Array<any>}} plan
 * @param {(column: any) => [any, any]} [shown] how role and type of a column are shown
 */
export function planTable(plan, shown = (column) => [column.role, column.type ?? "–"]) {
  const rows = plan.columns.slice(0, COLUMNS).map((column) => [
    column.name, ...shown(column), column.missing ? number(column.missing) : "", spread(column), value(column.typical)]);
  const more = plan.columns.length - rows.length;
  const heads = ["Column", "Role", "Type", "Missing", "Values", "Typical"];
  // A column in which nothing stands takes room from the others.
  const filled = heads.flatMap((_, at) => (at === 0 || rows.some((row) => row[at] !== "") ? [at] : []));
  return el("div", {}, table("Columns", filled.map((at) => heads[at]), rows.map((row) => filled.map((at) => row[at]))),
    more > 0 && el("p", { class: "hint" }, `And ${number(more)} columns more.`));
}

function spread({ min, max, shares = [] }) {
  if (shares.length) return shares.slice(0, VALUES).map(([text, share]) => `${text} ${(share * 100).toFixed(0)} %`).join(", ");
  return min === undefined || min === null ? "" : `${value(min)} to ${value(max)}`;
}

const value = (given) => given === undefined || given === null ? "" : typeof given === "number" ? number(given) : String(given);
