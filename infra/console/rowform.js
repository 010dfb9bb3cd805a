/** A form for one row, by the columns that a version reads. */

import { el, field, pair, select } from "./dom.js";
import { VERBATIM } from "./forms.js";
import { number } from "./format.js";

/** Most categories that are a menu; more are proposed while one types. */
const MENU = 100;
/** Most of those: a browser stands still over more. */
const PROPOSED = 1000;
/** Fields that are in sight; of many columns those that matter most. */
const SHOWN = 24;
const TRUTH = { true: "yes", false: "no" };
/** Microseconds of a day. */
const DAY = 86_400_000_000;

let lists = 0;

/** Fields of a row, of which an empty one is a missing value. */
export class RowForm {
  /** @param {Array<any>} columns of a schema @param {Record<string, number>} importance by name @param {() => void} changed */
  constructor(columns, importance, changed) {
    this.fields = columns.map((column) => ({ column, ...inputOf(column) }));
    const weight = ({ column }) => importance[column.name] ?? 0;
    const sorted = [...this.fields].sort((one, other) => weight(other) - weight(one)).map(({ element }) => element);
    const rest = sorted.slice(SHOWN);
    this.element = el("form", { novalidate: true, "aria-label": "A row", onsubmit: (event) => { event.preventDefault(); changed(); } },
      pair(...sorted.slice(0, SHOWN)),
      rest.length ? el("details", {}, el("summary", {}, `${number(rest.length)} columns that matter less`), pair(...rest)) : null);
    this.element.addEventListener("input", changed);
  }

  /** Fill in what is typical of each column. */
  typical() {
    for (const { column, input } of this.fields) input.value = typicalText(column);
  }

  /** The row; null where something is written that is no number or date. */
  value() {
    if (!this.element.checkValidity()) return null;
    return Object.fromEntries(this.fields.map(({ column, input }) => [column.name, read(column, input.value)]));
  }

  /** Mark the field that an error points at, or none. @param {string} pointer such as /rows/0/area */
  mark(pointer) {
    const name = pointer.split("/").at(-1).replaceAll("~1", "/").replaceAll("~0", "~");
    for (const { column, input } of this.fields) {
      if (pointer && column.name === name) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
  }
}

function inputOf(column) {
  const input = made(column);
  const shown = field(column.name, input, hint(column));
  if (input.hasAttribute("list")) shown.append(el("datalist", { id: input.getAttribute("list") }, ...column.categories.slice(0, PROPOSED).map((value) => el("option", { value }))));
  return { input, element: shown };
}

function made({ type, categories, format }) {
  if (type === "boolean" && !format) return select("", { "": "", ...TRUTH });
  if (type === "category" && categories.length <= MENU) return select("", { "": "", ...Object.fromEntries(categories.map((one) => [one, one])) });
  if (type === "category") return el("input", { list: `values-${++lists}`, ...VERBATIM });
  if (type === "number" && !format) return el("input", { type: "number", step: "any", inputmode: "decimal", autocomplete: "off" });
  if (type === "date" && !format) return el("input", { type: "datetime-local", step: "1" });
  return type === "text" && !format ? el("textarea", { rows: "2" }) : el("input", { ...VERBATIM });
}

function hint({ type, format, nullable, typical, min, max, categories }) {
  const parts = [];
  if (format) parts.push(`${type}, written as ${format}`);
  if (typeof min === "number" && typeof max === "number") parts.push(`${number(min)} to ${number(max)}`);
  if (type === "number" && typeof typical === "number") parts.push(`median ${number(typical)}`);
  if (type === "category" && categories.length > MENU) parts.push(`${number(categories.length)} known`);
  if (nullable) parts.push("may be empty");
  return parts.join(", ");
}

function typicalText({ type, typical, categories, format }) {
  if (typeof typical !== "number" || format) return "";
  if (type === "boolean") return String(typical === 1);
  if (type === "category") return categories[typical] ?? "";
  // A moment is written without the zone that no column keeps.
  if (type === "date") return new Date(Math.floor(typical / DAY) * DAY / 1000).toISOString().slice(0, 19);
  return type === "number" ? String(typical) : "";
}

function read({ type, format }, text) {
  if (text === "") return null;
  if (format) return text;
  if (type === "number") return Number(text);
  return type === "boolean" ? text === "true" : text;
}
