/** Fields for the params of a train and the options of an init, by the JSON schemas in which an estimator describes them. */

import { el, field, pair, select } from "./dom.js";
import { object, VERBATIM } from "./forms.js";

const EXAMPLE = '{"num_iterations": 200}';
/** What stands for a default that is nothing to be seen. */
const NOTHING = "empty";

/** Fields by a schema, which may change. */
export class SchemaFields {
  constructor() {
    /** @type {Array<{name: string, read: () => any, write: (value: any) => void}>} */
    this.fields = [];
    this.element = el("div", {});
  }

  /** @param {any} schema JSON schema of an object; null where nobody tells one */
  show(schema) {
    const properties = Object.entries(schema?.properties ?? {});
    this.fields = properties.map(([name, of]) => ({ name, ...input(name, plain(of, schema), schema.required?.includes(name)) }));
    const shown = pair(...this.fields.map((one) => one.element));
    // Of many that may be left alone nothing is in the way.
    const folded = schema?.additionalProperties && el("details", {}, el("summary", {}, `Choose among the ${this.fields.length} most common`), shown);
    this.element.replaceChildren(...(this.fields.length ? [folded || shown] : []));
  }

  /** @param {string} name of what is to be as by default */
  clear(name) {
    this.fields.find((one) => one.name === name)?.write("");
  }

  /** Fill in what there are fields for. @param {Record<string, any>} values @returns {Record<string, any>} the others */
  fill(values) {
    const known = this.fields.filter(({ name }) => name in values);
    for (const { name, write } of known) write(values[name]);
    const folded = this.element.querySelector("details");
    if (folded && known.length) folded.open = true;
    return Object.fromEntries(Object.entries(values).filter(([name]) => !known.some((one) => one.name === name)));
  }

  /** What was filled in. */
  value() {
    const said = this.fields.map(({ name, read }) => [name, read()]);
    return Object.fromEntries(said.filter(([, value]) => value !== undefined));
  }
}

/** Those of params, and a box for others where they are taken. */
export class ParamsForm {
  /** @param {Record<string, any>} [given] what is filled in at first */
  constructor(given = {}) {
    this.given = given;
    /** @type {Record<string, any>} what `begin` filled in */
    this.begun = {};
    this.fields = new SchemaFields();
    this.text = el("textarea", { name: "params", rows: "4", spellcheck: "false", placeholder: EXAMPLE });
    this.written = field("Parameters", this.text, "A JSON object; empty for the defaults of the estimator.");
    this.element = el("div", {}, this.fields.element, this.written);
  }

  /** @param {any} schema JSON schema of an object; null where the estimator tells none */
  show(schema) {
    this.fields.show(schema);
    this.written.hidden = Boolean(schema) && !schema.additionalProperties;
    const rest = this.fields.fill(this.given);
    if (Object.keys(rest).length) this.text.value = JSON.stringify(rest);
    this.given = {};
  }

  /** Fill in these in place of the last that were filled in here; what somebody wrote stays. @param {Record<string, any>} values */
  begin(values) {
    const written = this.fields.value();
    for (const [name, value] of Object.entries(this.begun)) if (written[name] === value) this.fields.clear(name);
    const kept = this.fields.value();
    this.begun = Object.fromEntries(Object.entries(values).filter(([name]) => !(name in kept)));
    this.fields.fill(this.begun);
  }

  /** What was filled in. */
  value() {
    return { ...(this.written.hidden ? {} : object(this.text, EXAMPLE)), ...this.fields.value() };
  }
}

/** What a field is, where it may be null or is described elsewhere in the schema. */
function plain(of, schema) {
  const found = of.anyOf?.find((one) => one.type !== "null") ?? of;
  const named = found.$ref && schema.$defs?.[found.$ref.split("/").pop()];
  return { ...found, ...named, description: of.description ?? named?.description, default: of.default };
}

function input(name, of, required) {
  const help = `${of.description ?? ""}${bounds(of)}`;
  const begun = of.default === undefined || of.default === null || of.default === "" ? (required ? "" : NOTHING) : String(of.default);
  const choices = of.enum ?? (of.type === "boolean" ? [false, true] : null);
  if (choices) {
    const texts = Object.fromEntries(choices.map((one, index) => [String(index), of.type === "boolean" ? (one ? "yes" : "no") : String(one)]));
    const unsaid = required ? "choose" : `default: ${of.type === "boolean" ? (of.default ? "yes" : "no") : begun}`;
    const chosen = select("", { "": unsaid, ...texts });
    chosen.required = required;
    return { element: field(name, chosen, help), read: () => (chosen.value === "" ? undefined : choices[Number(chosen.value)]), write: (value) => { chosen.value = value === "" ? "" : String(choices.indexOf(value)); } };
  }
  const number = of.type === "number" || of.type === "integer";
  const kind = number ? { type: "number", step: of.type === "integer" ? "1" : "any", min: of.minimum ?? null, max: of.maximum ?? null } : VERBATIM;
  const box = el("input", { ...kind, placeholder: begun, required });
  return { element: field(name, box, help), read: () => read(box, of, number), write: (value) => { box.value = typeof value === "object" ? JSON.stringify(value) : String(value); } };
}

/** The value of a box; text of a field that is neither number nor text is JSON. */
function read(box, of, number) {
  const text = box.value.trim();
  if (!text) return undefined;
  if (number) return Number(text);
  if (of.type === "string") return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function bounds(of) {
  const low = of.minimum ?? of.exclusiveMinimum;
  const high = of.maximum ?? of.exclusiveMaximum;
  const said = [low !== undefined && `${of.minimum === undefined ? "above" : "from"} ${low}`, high !== undefined && `${of.maximum === undefined ? "below" : "to"} ${high}`].filter(Boolean).join(" ");
  return said && ` (${said})`;
}
