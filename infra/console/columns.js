/** Menus for what each column of a table is. */

import { field, pair, select } from "./dom.js";

const ROLES = { feature: "feature", target: "target", ignore: "ignore", key: "key", weight: "weight", group: "group", time: "time", query: "query" };
/** What it is called where nothing was chosen. */
const FOUND = "as found";
const PROBLEMS = { regression: "a number (regression)", binary: "one of two classes (binary)", multiclass: "one of several classes (multiclass)", ranking: "an order (ranking)" };
const SPLITS = { random: "at random", group: "by the column of role group", time: "by the column of role time", query: "by the column of role query" };
const TYPES = { "": FOUND, number: "number", category: "category", boolean: "boolean", date: "date", text: "text" };

/** What was chosen for the columns of one table, beside the options that are written. */
export class ColumnChoices {
  /** @param {(name: string, is: boolean) => void} target is told whether a column was made the target @param {() => void} changed */
  constructor(target, changed) {
    this.target = target;
    this.changed = changed;
    this.clear();
  }

  /** Another table has other columns. */
  clear() {
    /** @type {Record<string, {role?: string, type?: string}>} */
    this.chosen = {};
    /** @type {{problem?: string, split?: string}} */
    this.wished = {};
  }

  /** The options that are written, with what was chosen; that goes before what is written of the same column. @param {any} options */
  merged(options) {
    const chosen = Object.keys(this.chosen).length ? { columns: { ...options.columns, ...this.chosen } } : {};
    return { ...options, ...chosen, ...this.wished };
  }

  /** The two menus of a column of a plan. @param {any} column @returns {[HTMLElement, HTMLElement]} */
  menus(column) {
    const { name, role, type } = column;
    const roles = select("", ROLES, role);
    roles.setAttribute("aria-label", `Role of ${name}`);
    const types = select("", { ...TYPES, "": type ? `${type} (found)` : TYPES[""] }, this.chosen[name]?.type ?? "");
    types.setAttribute("aria-label", `Type of ${name}`);
    types.disabled = role === "target";
    for (const menu of [roles, types]) {
      menu.addEventListener("change", () => {
        this.choose(name, roles.value, types.value);
        this.changed();
      });
    }
    return [roles, types];
  }

  /** The menus of what is predicted, and of which rows only measure. @param {any} found what a look found */
  wishes({ problem }) {
    const menu = (option, label, texts, found) => {
      const choice = select("", { "": found ? `${FOUND}: ${found}` : FOUND, ...texts }, this.wished[option] ?? "");
      choice.addEventListener("change", () => {
        delete this.wished[option];
        if (choice.value) this.wished[option] = choice.value;
        this.changed();
      });
      return field(label, choice);
    };
    return pair(menu("problem", "What is predicted", PROBLEMS, this.wished.problem ? "" : PROBLEMS[problem]), menu("split", "Test rows are chosen", SPLITS, ""));
  }

  /** Make a column the target. @param {string} name */
  aim(name) {
    this.choose(name, "target", "");
    this.changed();
  }

  choose(name, role, type) {
    if (role === "target") {
      delete this.chosen[name];
      this.target(name, true);
    } else {
      this.chosen[name] = { role, ...(type ? { type } : {}) };
      this.target(name, false);
    }
  }
}
