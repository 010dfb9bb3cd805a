/** New work: a form for each kind of it. Here that for estimates. */

import { get, submit } from "./api.js";
import { announce, card, el, entitle, field, pair, tick } from "./dom.js";
import { chosenModel, FILE, goTo, lane, prefill, VERBATIM, WAIT } from "./forms.js";
import { KINDS } from "./kinds.js";
import { modelChoice, NamesOf } from "./modelnames.js";
import { workLink } from "./places.js";
import { predictions } from "./predictions.js";
import { at, workingForm } from "./problems.js";
import { mayAny } from "./session.js";
import { trainForm } from "./training.js";
import { uploadForm } from "./upload.js";

const TITLES = { ...KINDS, init: "Upload a table" };
/** The type of rows that were pasted, which tell by themselves what they are. */
const TEXT = "text/plain; charset=utf-8";

export async function showWork(main, [given = "", model = "", how = ""], signal) {
  const kind = given || Object.keys(KINDS).find((one) => mayAny(one)) || "init";
  const names = await NamesOf.begin(kind, signal);
  entitle(`${TITLES[kind]}${model ? ` · ${model}` : ""}`);
  const make = { init: uploadForm, train: trainForm, estimate: estimateForm }[kind];
  const tabs = el("nav", { class: "tabs", "aria-label": "Kind of work" }, ...Object.entries(TITLES).map(([one, text]) =>
    el("a", { href: workLink(one, model), "aria-current": one === kind ? "page" : null }, text)));
  main.replaceChildren(el("h1", { tabindex: "-1" }, "New work"), tabs,
    card(TITLES[kind], mayAny(kind) ? make(names, model, signal, { replacing: how === "replace", asked: await askedBefore(how, signal) }) : el("p", {}, `This account lacks the scope ${kind}: ask whoever runs the service for it.`)));
}

/** What a task was asked for, as the values of fields, where the form is for the same once more. */
async function askedBefore(how, signal) {
  const [word, id] = how.split("/");
  if (word !== "again") return null;
  const { request, lane } = await get(`/v1/tasks/${encodeURIComponent(id)}`, signal);
  return { lane, ...request?.query, ...request?.body };
}

function estimateForm(names, model, signal, { asked }) {
  const text = el("textarea", { name: "rows", rows: "7", spellcheck: "false", placeholder: "area,rooms" });
  const file = el("input", { name: "file", type: "file" });
  const version = el("input", { name: "version", ...VERBATIM });
  const answer = el("div", { id: "answer" });
  const fields = [...modelChoice(names, model), field("Rows", text, "CSV with a header line or JSON."),
    field("Or a file", file, "Of any kind that a table may be."), pair(field("Version", version, "A number or an alias; empty for the live one."), lane()),
    tick("Explain", "explain", "What each column contributes to each prediction.")];
  const hint = fields[1].querySelector(".hint");
  const propose = () => example(form.elements.namedItem("model")?.value, text, hint);
  const form = workingForm("Predict", fields, async (data) => {
    answer.replaceChildren();
    const { rows, media } = given(text, file);
    const query = { lane: data.get("lane"), version: data.get("version") || null, explain: data.get("explain") };
    const { done, id, document } = await submit(chosenModel(data), "estimate", rows, media, { query, wait: WAIT });
    if (!done) return goTo(id);
    const heading = el("h2", { tabindex: "-1" }, "Predictions");
    answer.replaceChildren(heading, predictions(document));
    announce(`${document.predictions.length} predictions`);
    heading.focus();
  });
  form.elements.namedItem("model")?.addEventListener("change", propose);
  propose();
  prefill(form, asked);
  return el("div", {}, form, answer);
}

/** The rows to estimate: the file, else the text. @returns {{rows: BodyInit, media: string}} */
function given(text, file) {
  const chosen = file.files[0];
  if (chosen) return { rows: chosen, media: FILE };
  if (!text.value.trim()) throw at(text, new Error("There are no rows: paste some, or choose a file."));
  return { rows: text.value, media: TEXT };
}

/** Say which columns the model reads. */
async function example(model, text, hint) {
  const found = model && await get(`/v1/models/${encodeURIComponent(model)}`).catch(() => null);
  if (!found) return;
  const names = found.schema.columns.map((column) => column.name);
  text.placeholder = names.join(",");
  hint.textContent = `CSV with a header line or JSON. Columns: ${names.join(", ")}.`;
}
