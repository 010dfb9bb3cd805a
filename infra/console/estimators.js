/** The choice of an estimator. */

import { get } from "./api.js";
import { el, field } from "./dom.js";
import { VERBATIM } from "./forms.js";
import { SchemaFields } from "./params.js";

/** A field that proposes those that there are, once that is known; a name can be written meanwhile. */
export class EstimatorChoice {
  /** @param {AbortSignal} signal @param {() => void} changed is called when another is chosen */
  constructor(signal, changed) {
    /** @type {Map<string, any>} */
    this.known = new Map();
    this.options = new SchemaFields();
    this.input = el("input", { name: "estimator", list: "estimators", ...VERBATIM });
    this.list = el("datalist", { id: "estimators" });
    this.element = el("div", {}, field("Estimator", this.input, "Empty for lightgbm. One that needs no data takes none."), this.list);
    const follow = () => { this.options.show(this.chosen?.options_schema ?? null); changed(); };
    this.input.addEventListener("change", follow);
    get("/v1/estimators", signal).then(({ estimators }) => { this.show(estimators); follow(); }).catch(() => {});
  }

  show(estimators) {
    this.list.replaceChildren(...estimators.map(({ name, about }) => el("option", { value: name }, about)));
    this.known = new Map(estimators.map((one) => [one.name, one]));
  }

  /** What is known of the one that is chosen. */
  get chosen() {
    return this.known.get(this.input.value.trim());
  }

  /** Whether it needs no table. */
  get needsNone() {
    return this.chosen?.needs_rows === false;
  }
}
