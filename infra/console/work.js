/** Forms for new work: upload a table, train, estimate. */

import { allModels, get, submit } from "./api.js";
import { announce, card, el, entitle, field, pair, select, tick } from "./dom.js";
import { FILE, goTo, lane, modelChoice, WAIT } from "./forms.js";
import { KINDS } from "./kinds.js";
import { ParamsForm } from "./params.js";
import { workLink } from "./places.js";
import { predictions } from "./predictions.js";
import { at, workingForm } from "./problems.js";
import { may, mayAny } from "./session.js";
import { uploadForm } from "./upload.js";

const TITLES = { ...KINDS, init: "Upload a table" };
/** The type of rows that were pasted, which tell by themselves what they are. */
const TEXT = "text/plain; charset=utf-8";

export async function showWork(main, [given = "", model = "", replacing = ""], signal) {
  const kind = given || Object.keys(KINDS).find((one) => mayAny(one)) || "init";
  const models = await allModels(signal);
  entitle(`${TITLES[kind]}${model ? ` · ${model}` : ""}`);
  const names = models.map((one) => one.model).filter((name) => may(kind, name));
  const make = { init: uploadForm, train: trainForm, estimate: estimateForm }[kind];
  const tabs = el("nav", { class: "tabs", "aria-label": "Kind of work" }, ...Object.entries(TITLES).map(([one, text]) =>
    el("a", { href: workLink(one, model), "aria-current": one === kind ? "page" : null }, text)));
  main.replaceChildren(el("h1", { tabindex: "-1" }, "New work"), tabs,
    card(TITLES[kind], mayAny(kind) ? make(names, model, signal, Boolean(replacing)) : el("p", {}, `This account lacks the scope ${kind}: ask whoever runs the service for it.`)));
}

function trainForm(names, model, signal) {
  const params = new ParamsForm();
  const promote = select("promote", { always: "Always", if_better: "If it is better", never: "Never" });
  const fields = [...modelChoice(names, model), params.element, pair(field("Make it current", promote), lane())];
  const form = workingForm("Train", fields, async (data) => {
    const body = JSON.stringify({ params: params.value(), promote: data.get("promote") });
    goTo((await submit(chosen(data), "train", body, "application/json", { query: { lane: data.get("lane") } })).id);
  });
  const choice = form.elements.namedItem("model");
  const follow = async () => {
    const named = choice?.value;
    const found = named && await get(`/v1/models/${encodeURIComponent(named)}`, signal).catch(() => null);
    // Another may have been chosen meanwhile.
    if (found && choice.value === named) params.show(found.params_schema);
  };
  choice?.addEventListener("change", follow);
  follow();
  return form;
}

function estimateForm(names, model) {
  const text = el("textarea", { name: "rows", rows: "7", spellcheck: "false", placeholder: "area,rooms" });
  const file = el("input", { name: "file", type: "file" });
  const version = el("input", { name: "version", inputmode: "numeric", pattern: "[0-9]*", title: "a number", autocomplete: "off" });
  const answer = el("div", { id: "answer" });
  const fields = [...modelChoice(names, model), field("Rows", text, "CSV with a header line or JSON."),
    field("Or a file", file, "Of any kind that a table may be."), pair(field("Version", version, "Empty for the current one."), lane()),
    tick("Explain", "explain", "What each column contributes to each prediction.")];
  const hint = fields[1].querySelector(".hint");
  const propose = () => example(form.elements.namedItem("model")?.value, text, hint);
  const form = workingForm("Estimate", fields, async (data) => {
    answer.replaceChildren();
    const { rows, media } = given(text, file);
    const query = { lane: data.get("lane"), version: data.get("version") || null, explain: data.get("explain") };
    const { done, id, document } = await submit(chosen(data), "estimate", rows, media, { query, wait: WAIT });
    if (!done) return goTo(id);
    const heading = el("h2", { tabindex: "-1" }, "Predictions");
    answer.replaceChildren(heading, predictions(document));
    announce(`${document.predictions.length} predictions`);
    heading.focus();
  });
  form.elements.namedItem("model")?.addEventListener("change", propose);
  propose();
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

function chosen(data) {
  if (!data.get("model")) throw new Error("There is no model: upload a table first.");
  return data.get("model");
}
