/** The choice of an estimator. */

import { get } from "./api.js";
import { el, field } from "./dom.js";
import { VERBATIM } from "./forms.js";

/** A field that proposes those that there are, once that is known; a name can be written meanwhile. */
export class EstimatorChoice {
  /** @param {AbortSignal} signal @param {() => void} changed is called when another is chosen */
  constructor(signal, changed) {
    /** @type {Set<string>} */
    this.rowless = new Set();
    this.input = el("input", { name: "estimator", list: "estimators", ...VERBATIM });
    this.list = el("datalist", { id: "estimators" });
    this.element = el("div", {}, field("Estimator", this.input, "Empty for lightgbm. One that needs no data takes none."), this.list);
    this.input.addEventListener("input", changed);
    get("/v1/estimators", signal).then(({ estimators }) => { this.show(estimators); changed(); }).catch(() => {});
  }

  show(estimators) {
    this.list.replaceChildren(...estimators.map(({ name, about }) => el("option", { value: name }, about)));
    for (const { name, needs_rows: needs } of estimators) if (needs === false) this.rowless.add(name);
  }

  /** Whether it needs no table. */
  get needsNone() {
    return this.rowless.has(this.input.value.trim());
  }
}
