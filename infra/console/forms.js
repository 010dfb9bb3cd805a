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
const MODEL_RULE = { pattern: "[A-Za-z0-9][A-Za-z0-9_\\-]{0,62}", title: "letters, digits, _ and -, at most 63, not _ or - first", required: true };

export function modelInput(names, model) {
  const list = el("datalist", { id: "models" }, ...names.map((name) => el("option", { value: name })));
  const input = el("input", { name: "model", value: model, list: "models", ...VERBATIM, ...MODEL_RULE });
  return [field("Model", input, "Letters, digits, _ and -; a new name makes a new model."), list];
}

export function modelChoice(names, model) {
  if (!names.length) return [el("p", { class: "note" }, "There is no model yet: ", el("a", { href: workLink("init") }, "upload a table"), " first.")];
  return [field("Model", select("model", Object.fromEntries(names.map((name) => [name, name])), model))];
}

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

/** A JSON object that was written; none is an empty one. @param {HTMLTextAreaElement} input @param {string} example */
export function object(input, example) {
  if (!input.value.trim()) return {};
  try {
    const found = JSON.parse(input.value);
    if (found && typeof found === "object" && !Array.isArray(found)) return found;
  } catch { /* It is said below. */ }
  throw at(input, new Error(`This is not a JSON object: write it like ${example}.`));
}
