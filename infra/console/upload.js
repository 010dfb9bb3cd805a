/** The form that uploads a table, or looks first at what would be made of it. */

import { submit } from "./api.js";
import { announce, el, field, pair, tick } from "./dom.js";
import { EstimatorChoice } from "./estimators.js";
import { follow } from "./events.js";
import { FILE, goTo, lane, modelInput, object, VERBATIM, WAIT } from "./forms.js";
import { look } from "./look.js";
import { at, workingForm } from "./problems.js";
import { SourceChoice } from "./sources.js";

const OPTIONS = '{"columns": {"name": "category"}}';

/** @param {string[]} names of the models @param {string} model @param {AbortSignal} signal ends it @param {boolean} replacing whether it is known that other data are there */
export function uploadForm(names, model, signal, replacing) {
  const file = el("input", { name: "file", type: "file", required: true });
  const columns = el("datalist", { id: "columns" });
  const target = el("input", { name: "target", list: "columns", ...VERBATIM });
  const options = el("textarea", { name: "options", rows: "2", spellcheck: "false", placeholder: OPTIONS });
  const replace = tick("Replace the shape of the data", "replace", "The model gets another target, problem or other columns; its current version answers on until a train makes another current.");
  replace.hidden = !replacing;
  const append = tick("Append to the data", "append", "The rows come after those that the model has, which stay where they are: to learn from, or to measure by.");
  append.hidden = !names.length;
  const seen = el("div", { id: "answer" });
  const changed = () => { seen.replaceChildren(); columns.replaceChildren(); };
  const demand = () => { file.required = !source.chosen && !estimator.needsNone; };
  const source = new SourceChoice(signal, () => { demand(); changed(); });
  const estimator = new EstimatorChoice(signal, demand);
  const sender = new Sender(file, source, signal);
  file.addEventListener("change", changed);
  const asked = (data) => ({ target: data.get("target"), options: JSON.stringify({ ...object(options, OPTIONS), ...estimator.options.value() }), sheet: data.get("sheet"), estimator: data.get("estimator"), lane: data.get("lane"), replace: data.get("replace"), append: data.get("append") });

  async function store(data) {
    if (!target.value && !data.get("append") && !(estimator.needsNone && !sender.chosen)) throw at(target, new Error("The target column is missing: name it, or look first at what the columns are."));
    try {
      goTo((await sender.send(data.get("model"), asked(data))).id);
    } catch (error) {
      if (error.pointer === "?replace") replace.hidden = false;
      throw error;
    }
  }

  async function lookFirst(data) {
    seen.replaceChildren();
    const found = await sender.look(data.get("model"), asked(data));
    const heading = el("h2", { tabindex: "-1" }, "What an init would make of it");
    columns.replaceChildren(...found.plan.columns.map(({ name }) => el("option", { value: name })));
    seen.replaceChildren(heading, look(found),
      el("p", { class: "hint" }, "Change the form and look again, or store it: the table is kept for an hour, and not sent again."),
      el("p", {}, el("button", { type: "submit", form: form.id }, "Store it")));
    announce("The table was looked at");
    heading.focus();
  }

  const fields = [...modelInput(names, model), field("Table", file, "CSV, Excel, JSON, Parquet, Arrow or ORC, also in gzip or zstd; whatever its name is, the bytes tell."),
    source.element, field("Target column", target, "What is to be predicted. A look needs none, and proposes the columns."), columns,
    field("Options", options, "A JSON object that says what columns are, how rows are split, and more; empty for what is found out."),
    pair(estimator.element, field("Sheet", el("input", { name: "sheet", ...VERBATIM }), "Of an Excel workbook; empty for the first.")), estimator.options.element,
    lane(), append, replace];
  const form = workingForm("Upload", fields, store, { second: ["Look first", lookFirst] });
  form.id = "upload";
  return el("div", {}, form, seen);
}

/** Sends the chosen file, the name of a source, or nothing; once it was looked at, its name with the service. */
class Sender {
  constructor(file, source, signal) {
    this.file = file;
    this.source = source;
    this.signal = signal;
    /** @type {{file: File|string, upload: string}|null} */
    this.kept = null;
  }

  /** The file, or the source as JSON, which comes before it. */
  get chosen() {
    return this.source.chosen || this.file.files[0];
  }

  /** @returns {Promise<{done: boolean, id: string, document: any}>} */
  async send(model, query) {
    const chosen = this.chosen;
    if (!chosen) return submit(model, "init", null, "", { query, wait: WAIT });
    if (this.kept?.file === chosen) {
      try {
        return await submit(model, "init", null, "", { query: { ...query, upload: this.kept.upload }, wait: WAIT });
      } catch (error) {
        // Its hour may be over.
        if (error.pointer !== "?upload") throw error;
        this.kept = null;
      }
    }
    return submit(model, "init", chosen, typeof chosen === "string" ? "application/json" : FILE, { query, wait: WAIT });
  }

  /** The result of a dry run, however long it takes. */
  async look(model, query) {
    const chosen = this.chosen;
    const { done, id, document } = await this.send(model, { ...query, replace: null, append: null, dry_run: "true" });
    const found = done ? document : await this.ended(id);
    this.kept = { file: chosen, upload: found.upload };
    return found;
  }

  /** The result of a task. */
  ended(id) {
    return new Promise((resolve, reject) => {
      const result = (task) => (task.result ? resolve(task.result) : reject(new Error(task.error?.detail ?? `It was ${task.state}.`)));
      follow(id, this.signal, { state() {}, progress() {}, result }).catch(reject);
    });
  }
}
