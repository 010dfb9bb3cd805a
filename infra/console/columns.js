/** Menus for what each column of a table is. */

import { select } from "./dom.js";

const ROLES = { feature: "feature", target: "target", ignore: "ignore", key: "key", weight: "weight", group: "group", time: "time", query: "query" };
const TYPES = { "": "as found", number: "number", category: "category", boolean: "boolean", date: "date", text: "text" };

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
  }

  /** The options that are written, with what was chosen; that goes before what is written of the same column. @param {any} options */
  merged(options) {
    if (!Object.keys(this.chosen).length) return options;
    return { ...options, columns: { ...options.columns, ...this.chosen } };
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
