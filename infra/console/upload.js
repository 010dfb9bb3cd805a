/** The form that uploads a table, or looks first at what would be made of it. */

import { submit } from "./api.js";
import { ColumnChoices } from "./columns.js";
import { announce, el, field, pair, tick } from "./dom.js";
import { EstimatorChoice } from "./estimators.js";
import { follow } from "./events.js";
import { FILE, goTo, lane, object, prefill, VERBATIM, WAIT } from "./forms.js";
import { look } from "./look.js";
import { modelInput } from "./modelnames.js";
import { at, problemBox, workingForm } from "./problems.js";
import { sampleTable } from "./sample.js";
import { telling } from "./sending.js";
import { chosen } from "./settled.js";
import { checkSize } from "./sizes.js";
import { SourceChoice } from "./sources.js";

/** Files up to this size are looked at as soon as they are chosen (bytes). */
const AT_ONCE = 20_000_000;
const OPTIONS = '{"columns": {"name": "category"}}';

/** @param {import("./modelnames.js").NamesOf} names of the models @param {string} model @param {AbortSignal} signal ends it @param {{replacing: boolean, asked: Record<string, any>|null}} how replacing: whether it is known that other data are there; asked: what is filled in */
export function uploadForm(names, model, signal, { replacing, asked: before }) {
  const file = el("input", { name: "file", type: "file", required: true });
  const columns = el("datalist", { id: "columns" });
  const target = el("input", { name: "target", list: "columns", ...VERBATIM });
  const options = el("textarea", { name: "options", rows: "2", spellcheck: "false", placeholder: OPTIONS });
  const replace = tick("Replace the shape of the data", "replace", "The model gets another target, problem or other columns; its live version answers on until a train makes another current.");
  replace.hidden = !replacing;
  const append = tick("Append to the data", "append", "The rows come after those that the model has, which stay where they are: to learn from, or to measure by.");
  append.hidden = names.none;
  const seen = el("div", { id: "answer" });
  let looks = 0;
  const changed = () => { seen.replaceChildren(); columns.replaceChildren(); choices.clear(); };
  const choices = new ColumnChoices((name, is) => { if (is || target.value === name) target.value = is ? name : ""; }, chosen(() => glance(), signal));
  const demand = () => { file.required = !source.chosen && !estimator.needsNone; };
  const source = new SourceChoice(signal, () => { demand(); changed(); });
  const estimator = new EstimatorChoice(signal, demand);
  const bar = el("progress", { max: "1", value: "0", hidden: true, "aria-label": "Sent" });
  const sender = new Sender(file, source, signal, (part) => { bar.hidden = part >= 1; bar.value = part; });
  file.addEventListener("change", () => { changed(); glance(); });
  const asked = (data) => ({ target: data.get("target"), options: JSON.stringify(choices.merged({ ...object(options, OPTIONS), ...estimator.options.value() })), sheet: data.get("sheet"), estimator: data.get("estimator"), lane: data.get("lane"), replace: data.get("replace"), append: data.get("append") });

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
    looks += 1;
    const heading = show(await sender.look(data.get("model"), asked(data)));
    announce("The table was looked at");
    heading.focus();
  }

  /** Whether another table was chosen meanwhile, or another look begun, whose answer may have come first. */
  const isOld = (given, look) => sender.chosen !== given || look !== looks || signal.aborted;

  /** Look without being asked to, where that is soon done; what has the focus keeps it. */
  async function glance() {
    const given = sender.chosen, mine = ++looks;
    const data = new FormData(form);
    if (!given || given.size > AT_ONCE || !form.elements.namedItem("model").checkValidity() || !data.get("model")) return;
    try {
      const found = await sender.look(data.get("model"), asked(data));
      if (isOld(given, mine)) return;
      const focused = nameOf(document.activeElement);
      const stays = seen.contains(document.activeElement);
      show(found);
      if (stays) [...seen.querySelectorAll("select, button, a")].find((one) => nameOf(one) === focused)?.focus();
    } catch (error) {
      if (isOld(given, mine)) return;
      // The menus stay, by which it is mended.
      seen.querySelector(".problem")?.remove();
      seen.prepend(problemBox(error));
    }
  }

  function show(found) {
    const heading = el("h2", { tabindex: "-1" }, "What an init would make of it");
    columns.replaceChildren(...found.plan.columns.map(({ name }) => el("option", { value: name })));
    seen.replaceChildren(heading, look(found, choices),
      el("p", { class: "hint" }, "Change what columns are, or the form and look again, or store it: the table is kept for an hour, and not sent again."),
      el("p", {}, el("button", { type: "submit", form: form.id }, "Store it")));
    return heading;
  }

  const sample = el("button", { type: "button", class: "quiet small", onclick: () => take(sampleTable(), "price") }, "Use a sample table");
  const take = (table, name) => {
    const given = new DataTransfer();
    given.items.add(table);
    file.files = given.files;
    target.value = name;
    changed();
    glance();
  };
  const fields = [...modelInput(names, model), field("Table", file, "CSV, Excel, JSON, Parquet, Arrow or ORC, also in gzip or zstd; whatever its name is, the bytes tell."),
    el("p", {}, sample), bar, source.element, field("Target column", target, "What is to be predicted. A look needs none, and proposes the columns."), columns,
    field("Options", options, "A JSON object that says what columns are, how rows are split, and more; empty for what is found out."),
    pair(estimator.element, field("Sheet", el("input", { name: "sheet", ...VERBATIM }), "Of an Excel workbook; empty for the first.")), estimator.options.element,
    lane(), append, replace];
  const form = workingForm("Upload", fields, store, { second: ["Look first", lookFirst] });
  form.id = "upload";
  // To replace what is there is decided anew.
  prefill(form, { ...before, replace: "", options: before?.options === "{}" ? "" : before?.options ?? "" });
  return el("div", {}, form, seen);
}

/** What an element is called, by which it is found again. @param {Element|null} element */
const nameOf = (element) => element?.getAttribute("aria-label") ?? element?.textContent;

/** Sends the chosen file, the name of a source, or nothing; once it was looked at, its name with the service. */
class Sender {
  constructor(file, source, signal, progress) {
    this.file = file;
    this.source = source;
    this.signal = signal;
    this.progress = progress;
    /** @type {{file: File|string, upload: string}|null} */
    this.kept = null;
    /** The look that is under way or was the last. @type {Promise<any>|null} */
    this.looking = null;
  }

  /** The file, or the source as JSON, which comes before it. */
  get chosen() {
    return this.source.chosen || this.file.files[0];
  }

  /** @returns {Promise<{done: boolean, id: string, document: any}>} */
  async send(model, query) {
    // What is being sent for a look is not sent beside it.
    await this.looking?.catch(() => {});
    return this.submitted(model, query);
  }

  async submitted(model, query) {
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
    if (typeof chosen !== "string") checkSize(chosen, this.file);
    if (typeof chosen === "string") return submit(model, "init", chosen, "application/json", { query, wait: WAIT });
    try {
      return await submit(model, "init", chosen, FILE, { query, wait: WAIT, signal: this.signal, by: telling(this.progress) });
    } finally {
      this.progress(1);
    }
  }

  /** The result of a dry run, however long it takes. */
  async look(model, query) {
    await this.looking?.catch(() => {});
    this.looking = this.looked(model, query);
    return this.looking;
  }

  async looked(model, query) {
    const chosen = this.chosen;
    const { done, id, document } = await this.submitted(model, { ...query, replace: null, append: null, dry_run: "true" });
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
