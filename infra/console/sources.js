/** The choice of data that the operator named. */

import { get } from "./api.js";
import { el, field, select } from "./dom.js";

/** A field that is hidden until it is known that there are sources. Of a database it offers each table and query. */
export class SourceChoice {
  /** @param {AbortSignal} signal @param {() => void} changed is called when another is chosen */
  constructor(signal, changed) {
    /** @type {Array<Record<string, string>>} */
    this.parts = [];
    this.input = select("source", { "": "None: a file" });
    this.element = field("Or a source", this.input, "Data that whoever runs the service has named.");
    this.element.hidden = true;
    this.input.addEventListener("change", changed);
    // Without them there are files.
    get("/v1/sources", signal).then(({ sources }) => this.show(sources)).catch(() => {});
  }

  show(sources) {
    this.parts = sources.flatMap(({ name, kind, tables, queries }) => (kind === "files" ? [{ source: name }] : [
      ...tables.map((table) => ({ source: name, table })), ...queries.map((query) => ({ source: name, query }))]));
    this.input.append(...this.parts.map((part, index) => el("option", { value: String(index) }, Object.values(part).join(", "))));
    this.element.hidden = !this.parts.length;
  }

  /** What an init names, as JSON; empty if none is chosen. */
  get chosen() {
    return this.input.value && JSON.stringify(this.parts[Number(this.input.value)]);
  }
}
