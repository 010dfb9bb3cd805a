/** How errors are shown: what is wrong, where, and what to do. */

import { el } from "./dom.js";
import { sentence } from "./format.js";
import { Problem } from "./api.js";

/** @param {unknown} error */
export function problemBox(error) {
  const text = error instanceof Error ? error.message : String(error);
  const title = error instanceof Problem ? error.title : "It did not work";
  const pointer = error instanceof Problem ? error.pointer : "";
  return el("div", { class: "problem", role: "alert" },
    el("strong", {}, title),
    el("p", {}, sentence(text)),
    pointer && el("p", { class: "pointer" }, "Field: ", el("code", {}, pointer)));
}

/** The error of a task that did not succeed: {type, detail, pointer}. Only that of `failed` is a fault. */
export function failureBox(failure, state) {
  return el("div", { class: state === "failed" ? "problem" : "card" },
    el("strong", {}, (failure.type ?? "Failed").replace(/(?<=[a-z])(?=[A-Z])/g, " ")),
    el("p", {}, sentence(failure.detail ?? "")),
    failure.pointer && el("p", { class: "pointer" }, "Field: ", el("code", {}, failure.pointer)));
}

/**
 * A form whose button is off while it works, and that shows what went wrong.
 * @param {string} action the text of its button
 * @param {HTMLElement[]} fields
 * @param {(data: FormData) => Promise<void>} work
 */
export function workingForm(action, fields, work) {
  const button = el("button", { type: "submit" }, action);
  const wrong = el("div", {});
  const form = el("form", { novalidate: true }, ...fields, wrong, el("div", { class: "actions" }, button));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    wrong.replaceChildren();
    if (!check(form)) return;
    button.setAttribute("aria-disabled", "true");
    button.disabled = true;
    try {
      await work(new FormData(form));
    } catch (error) {
      wrong.replaceChildren(problemBox(error));
      mark(form, error);
    } finally {
      button.disabled = false;
      button.removeAttribute("aria-disabled");
    }
  });
  return form;
}

function check(form) {
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  if (form.checkValidity()) return true;
  form.querySelector(":invalid").setAttribute("aria-invalid", "true");
  form.reportValidity();
  return false;
}

/** Go to the field that the API names, if the form has it. */
function mark(form, error) {
  const name = error instanceof Problem ? error.pointer.replace(/^[?/]/, "").split("/")[0] : "";
  const input = name && form.elements.namedItem(name);
  if (input instanceof HTMLElement) {
    input.setAttribute("aria-invalid", "true");
    input.focus();
  }
}
