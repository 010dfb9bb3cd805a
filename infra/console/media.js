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
  if (mediaOfFile(file.name) !== "text/csv") return [];
  const [head] = (await file.slice(0, 65536).text()).replace(/^\uFEFF/, "").split(/\r?\n/);
  return [...head.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) => (quoted?.replaceAll('""', '"') ?? plain).trim()).filter(Boolean);
}
