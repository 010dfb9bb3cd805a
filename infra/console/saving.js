/** Files that the browser keeps. */

import { el } from "./dom.js";

/** @param {Blob} blob @param {string} name of the file */
export function save(blob, name) {
  const href = URL.createObjectURL(blob);
  el("a", { href, download: name }).click();
  // The browser reads it after this turn.
  setTimeout(() => URL.revokeObjectURL(href), 60000);
}

/** A table as CSV, in which no text is a formula for a spreadsheet program. @param {string[]} heads @param {any[][]} rows */
export function csv(heads, rows) {
  const lines = [heads, ...rows].map((cells) => cells.map(quoted).join(","));
  return new Blob([lines.join("\r\n"), "\r\n"], { type: "text/csv" });
}

function quoted(value) {
  const plain = String(value ?? "");
  const text = typeof value === "string" && /^[=+\-@\t\r\n]/.test(plain) ? `'${plain}` : plain;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
