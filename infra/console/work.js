/** Forms for new work: upload a table, train, estimate. */

import { get, submit } from "./api.js";
import { announce, card, el, entitle, field, pair, select, tick } from "./dom.js";
import { KINDS } from "./kinds.js";
import { csvColumns, fileFault, mediaOfFile, mediaOfText, textFault } from "./media.js";
import { taskLink, workLink } from "./places.js";
import { predictions } from "./predictions.js";
import { at, workingForm } from "./problems.js";
import { may, mayAny } from "./session.js";

const LANES = { normal: "Normal", high: "High", low: "Low" };
const TITLES = { ...KINDS, init: "Upload a table" };
/** How long an estimate is waited for here (s); after that its task is shown. */
const WAIT = 10;
const MODEL_RULE = { pattern: "[A-Za-z0-9][A-Za-z0-9_\\-]{0,62}", title: "letters, digits, _ and -, at most 63, not _ or - first", required: true, autocapitalize: "none", spellcheck: "false" };

export async function showWork(main, [given = "", model = ""], signal) {
  const kind = given || Object.keys(KINDS).find((one) => mayAny(one)) || "init";
  const { models } = await get("/v1/models", signal);
  entitle(`${TITLES[kind]}${model ? ` · ${model}` : ""}`);
  const names = models.map((one) => one.model).filter((name) => may(kind, name));
  const make = { init: uploadForm, train: trainForm, estimate: estimateForm }[kind];
  const tabs = el("nav", { class: "tabs", "aria-label": "Kind of work" }, ...Object.entries(TITLES).map(([one, text]) =>
    el("a", { href: workLink(one, model), "aria-current": one === kind ? "page" : null }, text)));
  main.replaceChildren(el("h1", { tabindex: "-1" }, "New work"), tabs,
    card(TITLES[kind], mayAny(kind) ? make(names, model) : el("p", {}, `This account lacks the scope ${kind}: ask whoever runs the service for it.`)));
}

function modelInput(names, model) {
  const list = el("datalist", { id: "models" }, ...names.map((name) => el("option", { value: name })));
  const input = el("input", { name: "model", value: model, list: "models", autocomplete: "off", ...MODEL_RULE });
  return [field("Model", input, "Letters, digits, _ and -; a new name makes a new model."), list];
}

function modelChoice(names, model) {
  if (!names.length) return [el("p", { class: "note" }, "There is no model yet: ", el("a", { href: workLink("init") }, "upload a table"), " first.")];
  return [field("Model", select("model", Object.fromEntries(names.map((name) => [name, name])), model))];
}

function lane() {
  return field("Lane", select("lane", LANES), "How urgent it is.");
}

function goTo(accepted) {
  announce("The work is accepted");
  location.hash = taskLink(accepted.id);
}

function uploadForm(names, model) {
  const file = el("input", { name: "file", type: "file", required: true, accept: ".csv,.json,.parquet,.arrow,.arrows" });
  const columns = el("datalist", { id: "columns" });
  const target = el("input", { name: "target", list: "columns", required: true, autocomplete: "off", autocapitalize: "none", spellcheck: "false" });
  const fault = el("div", {});
  file.addEventListener("change", async () => {
    const [chosen] = file.files;
    const wrong = chosen ? await fileFault(chosen) : "";
    fault.replaceChildren(wrong && el("p", { class: "note", role: "alert" }, wrong));
    const found = chosen && !wrong ? await csvColumns(chosen) : [];
    columns.replaceChildren(...found.map((value) => el("option", { value })));
    if (found.length && !target.value) target.value = found.at(-1);
  });
  const fields = [...modelInput(names, model), field("Table", file, "CSV with commas, Parquet, Arrow stream, or JSON with rows."), fault,
    field("Target column", target, "What is to be predicted. The last column of a CSV is proposed."), columns,
    pair(field("Estimator", el("input", { name: "estimator", autocomplete: "off", autocapitalize: "none", spellcheck: "false" }), "Empty for lightgbm."), lane())];
  return workingForm("Upload", fields, async (data) => {
    const wrong = await fileFault(file.files[0]);
    if (wrong) throw at(file, new Error(wrong));
    const { document } = await submit(data.get("model"), "init", file.files[0], mediaOfFile(file.files[0].name), { query: { target: data.get("target"), estimator: data.get("estimator"), lane: data.get("lane") } });
    goTo(document);
  });
}

function trainForm(names, model) {
  const params = el("textarea", { name: "params", rows: "4", spellcheck: "false", placeholder: '{"num_iterations": 200}' });
  const promote = select("promote", { always: "Always", if_better: "If it is better", never: "Never" });
  const fields = [...modelChoice(names, model), field("Parameters", params, "A JSON object; empty for the defaults of the estimator."),
    pair(field("Make it current", promote), lane())];
  return workingForm("Train", fields, async (data) => {
    const body = JSON.stringify({ params: object(params), promote: data.get("promote") });
    const { document } = await submit(chosen(data), "train", body, "application/json", { query: { lane: data.get("lane") } });
    goTo(document);
  });
}

function estimateForm(names, model) {
  const text = el("textarea", { name: "rows", rows: "7", spellcheck: "false", placeholder: "area,rooms" });
  const file = el("input", { name: "file", type: "file", accept: ".csv,.json,.parquet,.arrow,.arrows" });
  const version = el("input", { name: "version", inputmode: "numeric", pattern: "[0-9]*", title: "a number", autocomplete: "off" });
  const answer = el("div", { id: "answer" });
  const fields = [...modelChoice(names, model), field("Rows", text, "CSV with a header line or JSON, without the target."),
    field("Or a file", file), pair(field("Version", version, "Empty for the current one."), lane()),
    tick("Explain", "explain", "What each column contributes to each prediction.")];
  const hint = fields[1].querySelector(".hint");
  const propose = () => example(form.elements.namedItem("model")?.value, text, hint);
  const form = workingForm("Estimate", fields, async (data) => {
    answer.replaceChildren();
    const { rows, media } = await given(text, file);
    const query = { lane: data.get("lane"), version: data.get("version"), explain: data.get("explain") ?? "" };
    const { done, document } = await submit(chosen(data), "estimate", rows, media, { query, wait: WAIT });
    if (!done) return goTo(document);
    const heading = el("h2", { tabindex: "-1" }, "Predictions");
    answer.replaceChildren(heading, predictions(document));
    announce(`${document.predictions.length} predictions`);
    heading.focus();
  });
  form.elements.namedItem("model")?.addEventListener("change", propose);
  propose();
  return el("div", {}, form, answer);
}

/** The rows to estimate: the file, else the text. @returns {Promise<{rows: BodyInit, media: string}>} */
async function given(text, file) {
  const chosen = file.files[0];
  if (!chosen && !text.value.trim()) throw at(text, new Error("There are no rows: paste some, or choose a file."));
  const media = chosen ? mediaOfFile(chosen.name) : mediaOfText(text.value);
  const wrong = chosen ? await fileFault(chosen) : textFault(text.value);
  if (wrong) throw at(chosen ? file : text, new Error(wrong));
  return { rows: chosen ?? text.value, media };
}

/** Say which columns the model reads. */
async function example(model, text, hint) {
  const found = model && await get(`/v1/models/${encodeURIComponent(model)}`).catch(() => null);
  if (!found) return;
  const names = found.schema.columns.map((column) => column.name);
  text.placeholder = names.join(",");
  hint.textContent = `CSV with a header line or JSON, without the target. Columns: ${names.join(", ")}.`;
}

function chosen(data) {
  if (!data.get("model")) throw new Error("There is no model: upload a table first.");
  return data.get("model");
}

/** @param {HTMLTextAreaElement} input */
function object(input) {
  if (!input.value.trim()) return {};
  try {
    const found = JSON.parse(input.value);
    if (found && typeof found === "object" && !Array.isArray(found)) return found;
  } catch { /* It is said below. */ }
  throw at(input, new Error('The parameters are not a JSON object: write them like {"num_iterations": 200}.'));
}
