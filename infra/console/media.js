/** Which media type a table has. */

export const MEDIA = {
  "text/csv": "CSV",
  "application/json": "JSON",
  "application/vnd.apache.parquet": "Parquet",
  "application/vnd.apache.arrow.stream": "Arrow",
};
const ENDINGS = { csv: "text/csv", json: "application/json", parquet: "application/vnd.apache.parquet", arrow: "application/vnd.apache.arrow.stream", arrows: "application/vnd.apache.arrow.stream" };

/** @param {string} name of a file @returns {string} its media type; CSV for an ending that is not known */
export function mediaOfFile(name) {
  return ENDINGS[name.split(".").at(-1).toLowerCase()] ?? "text/csv";
}

/** @param {string} text that was pasted */
export function mediaOfText(text) {
  return /^\s*[[{]/.test(text) ? "application/json" : "text/csv";
}

/** The names of the columns of a CSV file, for the choice of the target; empty for other files. @param {File} file */
export async function csvColumns(file) {
  if (!isCsv(file)) return [];
  const head = await headLine(file);
  return [...head.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) => (quoted?.replaceAll('""', '"') ?? plain).trim()).filter(Boolean);
}

/** What is wrong with a file, if it is CSV. @param {File} file @returns {Promise<string>} "" if nothing is */
export async function fileFault(file) {
  return isCsv(file) ? separatorFault(await headLine(file)) : "";
}

/** The same of a text that was pasted. @param {string} text */
export function textFault(text) {
  return mediaOfText(text) === "text/csv" ? separatorFault(firstLine(text.trim())) : "";
}

const isCsv = (file) => mediaOfFile(file.name) === "text/csv";
const headLine = async (file) => firstLine(await file.slice(0, 65536).text());
const firstLine = (text) => text.replace(/^\uFEFF/, "").split(/\r?\n/)[0];

/** The service reads commas between columns: spreadsheets of many countries write others. @param {string} head the first line */
function separatorFault(head) {
  const plain = head.replaceAll(/"[^"]*"/g, "");
  const other = plain.includes(",") ? null : /[;\t|]/.exec(plain)?.[0];
  return other ? `The columns are separated by ${other === "\t" ? "tabs" : `“${other}”`}: save it with commas between the columns and a point in decimals.` : "";
}
