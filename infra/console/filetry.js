/** A file of rows predicted by a version: whatever its columns are called, with what was in it beside each prediction. */

import { submit } from "./api.js";
import { headOf, joined, renamed } from "./csvhead.js";
import { announce, el, field, pair, select } from "./dom.js";
import { FILE, goTo } from "./forms.js";
import { predictions } from "./predictions.js";
import { workingForm } from "./problems.js";
import { telling } from "./sending.js";
import { checkSize } from "./sizes.js";

/** How long an answer is waited for (s). */
const WAIT = 30;
/** Most columns of the file that come back beside the predictions. */
const KEPT = 30;

/** @param {string} model @param {any} version */
export function fileTry(model, version) {
  const file = el("input", { name: "file", type: "file", required: true });
  const mapping = el("div", {}), answer = el("div", { id: "answer" }), bar = el("progress", { max: "1", hidden: true, "aria-label": "Sent" });
  /** @type {import("./csvhead.js").Head|null} */
  let head = null;
  file.addEventListener("change", async () => {
    answer.replaceChildren();
    const [given] = file.files;
    head = given ? await headOf(given) : null;
    mapping.replaceChildren(...(head ? menus(head, version) : []));
  });
  const form = workingForm("Predict", [field("File", file, "CSV, Excel, JSON, Parquet, Arrow or ORC, also in gzip or zstd."), mapping, bar], async (data) => {
    answer.replaceChildren();
    const [given] = file.files;
    checkSize(given, file);
    const names = head ? head.names.map((name) => mapped(data, name)) : [];
    const body = head && names.some((name, at) => name !== head?.names[at]) ? renamed(given, head, names) : given;
    const query = { version: String(version.version), keep: names.length ? joined([...new Set(names)].slice(0, KEPT)) : null };
    bar.hidden = false;
    const { done, id, document } = await submit(model, "estimate", body, FILE, { query, wait: WAIT, by: telling((part) => { bar.value = part; }) }).finally(() => { bar.hidden = true; });
    if (!done) return goTo(id);
    const heading = el("h2", { tabindex: "-1" }, "Predictions");
    answer.replaceChildren(heading, predictions(document));
    announce(`${document.predictions.length} predictions`);
    heading.focus();
  });
  return el("div", {}, form, answer);
}

/** A menu for each column of the version that the file lacks: which of the file's others is it? */
function menus(head, version) {
  const known = version.schema.columns.map(({ name }) => name);
  const lacking = known.filter((name) => !head.names.includes(name));
  const others = head.names.filter((name) => !known.includes(name) && name !== version.schema.target);
  if (!lacking.length) return [el("p", { class: "hint" }, "It has all columns that the version reads.")];
  if (!others.length) return [el("p", { class: "note" }, `It lacks ${lacking.join(", ")}, and has no column that could be meant: what is missing is taken as missing, where training missed it too.`)];
  const choices = { "": "none: it is missing", ...Object.fromEntries(others.map((name) => [name, name])) };
  return [el("p", { class: "hint" }, "These columns are not in the file by their names. Which of its others are they?"),
    pair(...lacking.map((name) => field(name, select(`map:${name}`, choices, alike(name, others)))))];
}

/** The one of these names that differs in case and signs alone, if there is one. */
function alike(name, others) {
  const plain = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
  return others.find((other) => plain(other) === plain(name)) ?? "";
}

/** What a column of the file is called by the version. @param {FormData} data */
function mapped(data, name) {
  for (const [key, value] of data.entries()) if (key.startsWith("map:") && value === name) return key.slice(4);
  return name;
}
