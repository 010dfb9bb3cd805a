/** A question before something that cannot be taken back. */

import { el } from "./dom.js";

/** @param {string} question @param {string} about what follows @param {string} action @returns {Promise<boolean>} */
export function confirmed(question, about, action) {
  return new Promise((resolve) => {
    const no = el("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, "No");
    const yes = el("button", { type: "button", class: "danger", onclick: () => dialog.close("yes") }, action);
    const dialog = el("dialog", { class: "palette", "aria-label": question, onclose: () => { dialog.remove(); resolve(dialog.returnValue === "yes"); } },
      el("h2", {}, question), el("p", {}, about), el("div", { class: "actions" }, yes, no));
    document.body.append(dialog);
    dialog.showModal();
    no.focus();
  });
}
