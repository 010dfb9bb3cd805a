/** The names of models in a form: all of them in a menu where they are few, of many those that begin as is written. */

import { someModels } from "./api.js";
import { el, field, select } from "./dom.js";
import { VERBATIM } from "./forms.js";
import { workLink } from "./places.js";
import { may } from "./session.js";
import { settled } from "./settled.js";

const RULE = { pattern: "[A-Za-z0-9][A-Za-z0-9_\\-]{0,62}", title: "letters, digits, _ and -, at most 63, not _ or - first", required: true };

/** Names of models with which one kind of work may be done. */
export class NamesOf {
  /** @param {string} kind @param {AbortSignal} signal */
  static async begin(kind, signal) {
    const names = new NamesOf(kind, signal);
    ({ found: names.first, more: names.more } = await names.like(""));
    return names;
  }

  /** @param {string} kind @param {AbortSignal} signal */
  constructor(kind, signal) {
    this.kind = kind;
    this.signal = signal;
    /** @type {string[]} */
    this.first = [];
    this.more = false;
  }

  get none() {
    return !this.first.length && !this.more;
  }

  /** Those that begin so. @param {string} prefix */
  async like(prefix) {
    const { models, more } = await someModels(prefix, this.signal);
    return { found: models.map((one) => one.model).filter((name) => may(this.kind, name)), more };
  }
}

/** A field for a model that may be a new one. @param {NamesOf} names @param {string} model */
export function modelInput(names, model) {
  return written(names, model, "Letters, digits, _ and -; a new name makes a new model.");
}

/** A field for a model that is there. @param {NamesOf} names @param {string} model */
export function modelChoice(names, model) {
  if (names.none) return [el("p", { class: "note" }, "There is no model yet: ", el("a", { href: workLink("init") }, "upload a table"), " first.")];
  if (names.more) return written(names, model, "There are many: its first letters bring up those that begin so.");
  return [field("Model", select("model", Object.fromEntries(names.first.map((name) => [name, name])), model))];
}

function written(names, model, hint) {
  const list = el("datalist", { id: "models" });
  const show = (found) => list.replaceChildren(...found.map((name) => el("option", { value: name })));
  show(names.first);
  const input = el("input", { name: "model", value: model, list: "models", ...VERBATIM, ...RULE });
  const ask = async () => {
    const prefix = input.value;
    const { found } = await names.like(prefix);
    // An answer to what was written before may come late.
    if (input.value === prefix) show(found);
  };
  if (names.more) input.addEventListener("input", settled(ask, names.signal));
  return [field("Model", input, hint), list];
}
