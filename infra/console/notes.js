/** What was done with the rows of an estimate. */

import { el } from "./dom.js";
import { number, sentence } from "./format.js";

/** Most rows or lines that a note names here. */
const NAMED = 5;

/** @param {{message: string, done?: string, remedy?: string, column?: string, count?: number, rows?: number[], lines?: number[]}[]} found */
export function notes(found) {
  return el("details", { class: "notes", open: true },
    el("summary", {}, found.length === 1 ? "One note on these rows" : `${number(found.length)} notes on these rows`),
    el("ul", {}, ...found.map((note) => el("li", {}, ...said(note)))));
}

/** @returns {(string | HTMLElement)[]} */
function said(note) {
  const where = place(note);
  return [note.column !== undefined && el("code", {}, note.column || "(no name)"), note.column !== undefined && ": ",
    sentence([note.message, note.done, where].filter(Boolean).join("; ")), note.remedy && ` ${sentence(note.remedy)}`].filter(Boolean);
}

/** Lines as an editor counts them; rows as the table of predictions does, from 1. */
function place({ count, rows, lines }) {
  const found = lines?.length ? lines : rows?.map((row) => row + 1) ?? [];
  if (!found.length) return count ? `${number(count)} of them` : "";
  const word = lines?.length ? "line" : "row";
  const more = (count ?? 0) - Math.min(found.length, NAMED);
  return `${word}${found.length > 1 ? "s" : ""} ${found.slice(0, NAMED).join(", ")}${more > 0 ? ` and ${number(more)} more` : ""}`;
}
