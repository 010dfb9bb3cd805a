/** What the forms for new work have in common. */

import { announce, el, field, select } from "./dom.js";
import { taskLink, workLink } from "./places.js";
import { at } from "./problems.js";

/** The type of a file: its bytes tell what it is, better than its name does. */
export const FILE = "application/octet-stream";
/** How long an answer is waited for here (s); after that its task is shown. */
export const WAIT = 10;
/** Of inputs for names, which no browser is to correct. */
export const VERBATIM = { autocomplete: "off", autocapitalize: "none", spellcheck: "false" };

const LANES = { normal: "Normal", high: "High", low: "Low" };

/** The model that was chosen. @param {FormData} data */
export function chosenModel(data) {
  if (!data.get("model")) throw new Error("There is no model: upload a table first.");
  return data.get("model");
}

export function lane() {
  return field("Priority", select("lane", LANES), "How urgent it is; the API calls it the lane.");
}

/** Show the task of work that was accepted. @param {string} id */
export function goTo(id) {
  announce("The work is accepted");
  location.hash = taskLink(id);
}

/** Fill in what was asked for before, by the names of the fields. @param {HTMLFormElement} form @param {Record<string, any>|null} asked */
export function prefill(form, asked) {
  for (const [name, value] of Object.entries(asked ?? {})) {
    const input = form.elements.namedItem(name);
    if (input?.type === "checkbox") input.checked = String(value) === "true";
    else if (input && "value" in input && input.type !== "file" && typeof value !== "object") input.value = String(value);
  }
}

/** A JSON object that was written; none is an empty one. @param {HTMLTextAreaElement} input @param {string} example */
export function object(input, example) {
  if (!input.value.trim()) return {};
  try {
    const found = JSON.parse(input.value);
    if (found && typeof found === "object" && !Array.isArray(found)) return found;
  } catch { /* It is said below. */ }
  throw at(input, new Error(`This is not a JSON object: write it like ${example}.`));
}
