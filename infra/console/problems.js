/** How errors are shown: what is wrong, where, and what to do. */

import { el } from "./dom.js";
import { sentence } from "./format.js";
import { findingList } from "./plan.js";
import { Problem, SignedOut } from "./api.js";

/** @param {unknown} error */
export function problemBox(error) {
  const text = error instanceof Error ? error.message : String(error);
  const title = error instanceof Problem ? error.title : "It did not work";
  const pointer = error instanceof Problem ? error.pointer : "";
  return el("div", { class: "problem", role: "alert", tabindex: "-1" },
    el("strong", {}, title),
    el("p", {}, sentence(text)),
    pointer && fieldLine(pointer),
    error instanceof Problem && findingList(error.findings));
}

/** Where the fault is. Rows are counted from 0 there, as the message does, and from 1 in tables here. */
function fieldLine(pointer) {
  return el("p", { class: "pointer" }, "Field: ", el("code", {}, pointer), /\/\d/.test(pointer) ? " (counted from 0)" : "");
}

/** Show an error, and go to it: what was pressed may be gone. @param {HTMLElement} place @param {unknown} error */
export function showProblem(place, error) {
  // Then the sign-in says what there is to say.
  if (error instanceof SignedOut) return;
  const box = problemBox(error);
  place.replaceChildren(box);
  box.focus();
}

/**
 * Do the work of a button, but not twice at a time. It is not disabled meanwhile, which would lose the focus.
 * @param {HTMLElement} button @param {() => Promise<void>} work
 */
export async function singly(button, work) {
  if (button.hasAttribute("aria-disabled")) return;
  button.setAttribute("aria-disabled", "true");
  try {
    await work();
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

/** The error of a task that did not succeed: {type, detail, pointer}. Only that of `failed` is a fault. */
export function failureBox(failure, state) {
  return el("div", { class: state === "failed" ? "problem" : "card" },
    el("strong", {}, (failure.type ?? "Failed").replace(/(?<=[a-z])(?=[A-Z])/g, " ")),
    el("p", {}, sentence(failure.detail ?? "")),
    failure.pointer && fieldLine(failure.pointer),
    failure.findings && findingList(failure.findings));
}

/**
 * A form that works once at a time, and that shows what went wrong.
 * @param {string} action the text of its button
 * @param {HTMLElement[]} fields
 * @param {(data: FormData) => Promise<void>} work
 * @param {{second?: [string, (data: FormData) => Promise<void>]}} [options] another button, and its work
 */
export function workingForm(action, fields, work, { second } = {}) {
  const wrong = el("div", {});
  const send = async (task) => {
    wrong.replaceChildren();
    if (!check(form)) return;
    try {
      await task(new FormData(form));
    } catch (error) {
      showProblem(wrong, error);
      mark(form, error);
    }
  };
  const press = (button, task) => {
    if (!form.querySelector("button[aria-disabled]")) singly(button, () => send(task));
  };
  const button = el("button", { type: "submit" }, action);
  const other = second && el("button", { type: "button", class: "quiet", onclick: () => press(other, second[1]) }, second[0]);
  const form = el("form", { novalidate: true }, ...fields, wrong, el("div", { class: "actions" }, button, other));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    press(button, work);
  });
  return form;
}

function check(form) {
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  if (form.checkValidity()) return true;
  const wrong = form.querySelector(":invalid");
  wrong.setAttribute("aria-invalid", "true");
  unfold(wrong);
  form.reportValidity();
  return false;
}

/** An error whose remedy is in this field. @template {Error} E @param {HTMLElement} field @param {E} error @returns {E} */
export const at = (field, error) => Object.assign(error, { field });

/** Go to the field that is to blame, if the form has it. */
function mark(form, error) {
  const name = error instanceof Problem ? error.pointer.replace(/^[?/]/, "").split("/")[0] : "";
  const input = error.field ?? (name && form.elements.namedItem(name));
  if (input instanceof HTMLElement) {
    input.setAttribute("aria-invalid", "true");
    unfold(input);
    input.focus();
  }
}

/** What is folded away can neither be seen nor be gone to. */
function unfold(input) {
  const folded = input.closest("details");
  if (folded) folded.open = true;
}
