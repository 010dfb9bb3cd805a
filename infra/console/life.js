/** What people do with a model or a version: notes, tags, names, deleting it. */

import { ask, get } from "./api.js";
import { announce, card, el, field, tick } from "./dom.js";
import { VERBATIM } from "./forms.js";
import { moment } from "./format.js";
import { showProblem, singly, workingForm } from "./problems.js";

const HISTORY = 20;

/** @param {Record<string, string>} tags */
export const badges = (tags) => Object.entries(tags ?? {}).map(([name, value]) => el("span", { class: "badge" }, value ? `${name}: ${value}` : name));

/**
 * Notes and tags, and a form to change them.
 * @param {string} address @param {{notes: string, tags: Record<string, string>}} thing @param {boolean} writes whether the account may
 */
export function notesCard(address, thing, writes) {
  const shown = el("div", {});
  const show = ({ notes, tags }) => shown.replaceChildren(
    el("p", { class: notes ? "said" : "hint" }, notes || "Nothing is noted."), el("p", {}, ...badges(tags)));
  show(thing);
  if (!writes) return card("Notes", shown);
  const notes = el("textarea", { name: "notes", rows: "3", maxlength: "10000" });
  const tags = el("input", { name: "tags", placeholder: "stage=trial, owner=ada", ...VERBATIM });
  notes.value = thing.notes;
  tags.value = Object.entries(thing.tags).map(([name, value]) => (value ? `${name}=${value}` : name)).join(", ");
  let known = thing.tags;
  const form = workingForm("Save", [field("Notes", notes), field("Tags", tags, "NAME=VALUE, with commas between them; lists can be asked for by them.")], async () => {
    const wanted = parsed(tags.value);
    const gone = Object.fromEntries(Object.keys(known).filter((name) => !(name in wanted)).map((name) => [name, null]));
    const body = JSON.stringify({ notes: notes.value, tags: { ...gone, ...wanted } });
    const said = await (await ask(address, { method: "PATCH", body, headers: { "Content-Type": "application/merge-patch+json" } })).json();
    known = said.tags;
    show(said);
    announce("The notes are saved");
  });
  return card("Notes", shown, el("details", {}, el("summary", {}, "Change them"), form));
}

/** @returns {Record<string, string>} */
function parsed(text) {
  const pairs = text.split(",").map((part) => part.trim()).filter(Boolean).map((part) => {
    const [name, ...value] = part.split("=");
    return [name.trim(), value.join("=").trim()];
  });
  return Object.fromEntries(pairs);
}

/**
 * The names of a version, and a form to give it another.
 * @param {string} model address @param {{version: number, aliases: string[]}} version @param {boolean} writes @param {() => Promise<void>} again
 */
export function aliasCard(model, version, writes, again) {
  const said = el("div", {});
  const names = version.aliases.map((alias) => {
    const remove = el("button", { type: "button", class: "quiet small", "aria-label": `Take the name ${alias} away`, onclick: () => singly(remove, async () => {
      try {
        await ask(`${model}/aliases/${encodeURIComponent(alias)}`, { method: "DELETE" });
        await again();
      } catch (error) {
        showProblem(said, error);
      }
    }) }, "Take away");
    return el("li", {}, el("code", {}, alias), " ", writes && remove);
  });
  const input = el("input", { name: "alias", required: true, placeholder: "champion", ...VERBATIM });
  const form = workingForm("Give it", [field("Another name", input, "Predictions may ask for it as their version. One that another version has moves here.")], async () => {
    const body = JSON.stringify({ version: version.version });
    await ask(`${model}/aliases/${encodeURIComponent(input.value.trim())}`, { method: "PUT", body, headers: { "Content-Type": "application/json" } });
    await again();
  });
  return card("Names", names.length ? el("ul", { class: "names" }, ...names) : el("p", { class: "hint" }, "It has its number alone."), said, writes && form);
}

/**
 * A part of the page in which something is deleted, after a second look.
 * @param {string} what @param {string} address @param {string} lost what is lost with it @param {() => void} after
 */
export function deletion(what, address, lost, after) {
  const form = workingForm("Delete for good", [el("p", {}, lost), tick("Also if it is in use", "force", "What is live, has an alias, or is needed by unfinished work is refused otherwise.")], async (data) => {
    await ask(`${address}${data.get("force") ? "?force=true" : ""}`, { method: "DELETE" });
    announce(`${what} is deleted`);
    after();
  });
  form.querySelector("button").classList.add("danger");
  return card("", el("details", {}, el("summary", {}, `Delete ${what}`), form));
}

/** What happened to a model, the newest first. @param {string} address @param {AbortSignal} signal */
export async function historyCard(address, signal) {
  const { history } = await get(`${address}/history?limit=${HISTORY}`, signal);
  return card("What happened", el("ul", { class: "happened" }, ...history.map((fact) => el("li", {},
    el("span", {}, el("strong", {}, [fact.what, fact.alias].filter(Boolean).join(" ")), fact.version ? `, version ${fact.version}` : ""),
    el("span", { class: "hint" }, `${moment(fact.at)}, ${fact.who}`),
    fact.why && el("span", { class: "hint" }, fact.why)))));
}
