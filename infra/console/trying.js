/** A version tried by hand: one row, its answer as the row changes, and the same request as code. */

import { get, Problem, submit } from "./api.js";
import { bar } from "./bars.js";
import { explained, scaleOf } from "./contributions.js";
import { announce, card, crumbs, el, entitle, field, select } from "./dom.js";
import { fileTry } from "./filetry.js";
import { number, percent } from "./format.js";
import { tabs } from "./model.js";
import { findingList } from "./plan.js";
import { linkTo, modelsLink, tryLink, workLink } from "./places.js";
import { problemBox } from "./problems.js";
import { RowForm } from "./rowform.js";
import { CodeView } from "./snippets.js";

/** How long nothing is to change before it is asked (ms). */
const PAUSE = 250;
/** How long an answer is waited for (s). */
const WAIT = 30;
/** How often the truth shall be in the interval that is shown. */
const LEVEL = 0.9;
/** Most classes of which the chance is shown. */
const CLASSES = 10;

export async function showTry(main, [name, given], signal) {
  const address = `/v1/models/${encodeURIComponent(name)}`;
  const model = await get(address, signal);
  entitle(`Try ${name}`);
  const versions = model.versions.map(({ version }) => version).sort((one, other) => other - one);
  const chosen = Number(given) || model.current || versions[0];
  const head = [crumbs(["Models", modelsLink], [name, linkTo(name)]), el("div", { class: "head" }, el("h1", { tabindex: "-1" }, `Try ${name}`), chosen && choice(name, model, versions, chosen)), tabs(name, "try")];
  if (!chosen) {
    return main.replaceChildren(...head, card("", el("p", {}, "There is nothing to try yet: the model has no version."),
      el("p", {}, el("a", { class: "button", href: workLink("train", name) }, "Train one"))));
  }
  const version = await get(`${address}/versions/${chosen}`, signal);
  if (!version.schema) return main.replaceChildren(...head, card("", el("p", {}, "The columns of this version are lost: `mlservice repair` says what can be saved.")));
  const trial = new Trial(name, version, signal);
  main.replaceChildren(...head, trial.element, card("A file of rows", fileTry(name, version),
    el("p", { class: "hint" }, "Pasted rows, and what each column contributes to each: ", el("a", { href: workLink("estimate", name) }, "predict rows"), ".")));
  trial.typical();
}

function choice(name, model, versions, chosen) {
  const known = versions.includes(chosen) ? versions : [chosen, ...versions];
  const texts = Object.fromEntries(known.map((version) => [version, `${version}${version === model.current ? " (live)" : ""}`]));
  const list = select("version", texts, String(chosen));
  // Whole numbers as keys are in order of size: the newest shall be first.
  list.replaceChildren(...known.map((version) => [...list.options].find((option) => option.value === String(version))));
  list.value = String(chosen);
  list.addEventListener("change", () => { location.hash = tryLink(name, list.value); });
  return field("Version", list);
}

class Trial {
  /** @param {string} model @param {any} version @param {AbortSignal} signal */
  constructor(model, version, signal) {
    this.model = model;
    this.version = version;
    this.signal = signal;
    this.asking = new AbortController();
    /** What is asked for beside the prediction, as long as the version can tell it. */
    this.wishes = { explain: "true", interval: String(LEVEL) };
    this.form = new RowForm(version.schema.columns, version.importance ?? {}, () => this.later());
    this.answer = el("div", { class: "prediction" });
    this.code = new CodeView(model, version);
    const fill = el("button", { type: "button", class: "quiet", onclick: () => this.typical() }, "A typical row");
    this.element = el("div", { class: "try" },
      card("Row", el("div", { class: "actions" }, fill), this.form.element),
      el("div", {}, card("Answer", this.answer), card("As code", this.code.element)));
  }

  typical() {
    this.form.typical();
    this.ask();
  }

  /** Ask once nothing has changed for a moment. */
  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), PAUSE);
  }

  async ask() {
    clearTimeout(this.timer);
    this.asking.abort();
    if (this.signal.aborted) return;
    this.asking = new AbortController();
    const signal = AbortSignal.any([this.signal, this.asking.signal]);
    const row = this.form.value();
    if (!row) return this.answer.replaceChildren(problemBox(new Error("A field has what is no number or no date.")));
    this.code.show(row);
    try {
      this.show(row, await this.answered(row, signal));
    } catch (error) {
      if (!signal.aborted) this.wrong(error);
    }
  }

  /** The answer, with as much as the version can tell. */
  async answered(row, signal) {
    try {
      const query = { version: String(this.version.version), ...this.wishes };
      const { done, document } = await submit(this.model, "estimate", JSON.stringify({ rows: [row] }), "application/json", { query, wait: WAIT, signal });
      if (!done) throw new Error(`There is no answer after ${WAIT} s: the queues say what is before it.`);
      return document;
    } catch (error) {
      const wish = error instanceof Problem && error.pointer.slice(1);
      if (!wish || !this.wishes[wish]) throw error;
      this.wishes = { ...this.wishes, [wish]: null };
      return this.answered(row, signal);
    }
  }

  wrong(error) {
    this.form.mark(error instanceof Problem ? error.pointer : "");
    this.answer.replaceChildren(problemBox(error));
  }

  show(row, result) {
    this.form.mark("");
    const [value] = result.predictions;
    const target = this.version.schema.target;
    this.answer.replaceChildren(
      el("p", { class: "figures" }, el("span", {}, el("span", { class: "big" }, number(value)), " ", el("span", { class: "hint" }, target))),
      uncertainty(result), chances(result), findingList(result.notes ?? []) ?? "",
      ...(result.contributions ? [el("h3", {}, "What each column contributes"), el("p", { class: "hint" }, `To ${scaleOf(result)}.`), explained(result, 0, row)] : []));
    announce(`${target}: ${number(value)}`);
  }
}

/** Between what the truth is most of the time. */
function uncertainty({ intervals, sets, quantiles, alpha }) {
  const often = `${LEVEL * 100} % of the time`;
  if (intervals) return el("p", { class: "hint" }, `The truth is between ${number(intervals[0][0])} and ${number(intervals[0][1])} in ${often}.`);
  if (sets?.[0].length > 1) return el("p", { class: "hint" }, `The truth is one of ${sets[0].map(String).join(", ")} in ${often}.`);
  if (quantiles) return el("p", { class: "hint" }, alpha.map((level, at) => `quantile ${level}: ${number(quantiles[0][at])}`).join(", "));
  return "";
}

/** The chance of each class, the highest first. */
function chances({ classes, probabilities }) {
  if (!classes || !probabilities) return "";
  const sorted = classes.map((name, at) => [name, probabilities[0][at]]).sort(([, one], [, other]) => other - one).slice(0, CLASSES);
  return el("ul", { class: "bars", "aria-label": "Chance of each class" }, ...sorted.map(([name, chance]) => el("li", {},
    el("span", { class: "name" }, String(name)), bar(chance), el("span", { class: "number" }, percent(chance)))));
}
