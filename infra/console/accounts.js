/** What an account may do, as fields; and passwords. */

import { el, field, tick } from "./dom.js";
import { VERBATIM } from "./forms.js";

const SCOPES = {
  estimate: "Predict with every model.", train: "Train every model.", init: "Upload data, and make models.", "models:write": "Choose which version answers, name, note and delete.",
  "tasks:read": "See its own tasks and results.", monitor: "See how the service does, and Flower.", admin: "Everything, also what is of others.",
};
/** Random bytes of a password. */
const BYTES = 18;

/** @param {string[]} held */
export function scopeFields(held) {
  const narrow = held.filter((scope) => !(scope in SCOPES));
  const some = el("input", { name: "narrow", value: narrow.join(" "), placeholder: "estimate:housing train:housing", ...VERBATIM });
  return [
    el("fieldset", { class: "scopes" }, el("legend", {}, "Scopes"), ...Object.entries(SCOPES).map(([scope, about]) => {
      const box = tick(scope, "scope", about);
      Object.assign(box.querySelector("input"), { value: scope, checked: held.includes(scope) });
      return box;
    })),
    field("For one model alone", some, "SCOPE:MODEL, several with blanks between."),
  ];
}

/** @param {HTMLFormElement} form @returns {string[]} */
export function scopesOf(form) {
  const data = new FormData(form);
  return [...data.getAll("scope").map(String), ...String(data.get("narrow") ?? "").split(/[\s,]+/).filter(Boolean)];
}

/** A password that nobody can guess. */
export function newPassword() {
  const bytes = crypto.getRandomValues(new Uint8Array(BYTES));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
}
