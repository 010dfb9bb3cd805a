/** The header of a CSV, read and written anew. */

const SEPARATORS = [",", ";", "\t", "|"];
/** How much of a file is read to find its first line (bytes). */
const HEAD = 1 << 16;

/**
 * @typedef {{names: string[], separator: string, bytes: number}} Head bytes: those of the line, with its end
 * @param {File} file @returns {Promise<Head|null>} null for what is no CSV in UTF-8 with a header line
 */
export async function headOf(file) {
  const bytes = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
  const end = bytes.indexOf(10);
  if (end <= 0 || bytes.includes(0)) return null;
  let line;
  try {
    line = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, end)).replace(/\r$/, "");
  } catch {
    return null;
  }
  if (/^\s*[{[]/.test(line)) return null;
  const separator = SEPARATORS.reduce((best, one) => (line.split(one).length > line.split(best).length ? one : best));
  const names = split(line, separator);
  return names && { names, separator, bytes: end + 1 };
}

/** The fields of a line; null where quotation marks do not fit. */
function split(line, separator) {
  const found = [];
  for (let at = 0; at <= line.length;) {
    let end = line.indexOf(separator, at);
    if (line[at] === '"') {
      let close = at + 1;
      while (close < line.length && (line[close] !== '"' || line[close + 1] === '"')) close += line[close] === '"' ? 2 : 1;
      if (close >= line.length || (close + 1 < line.length && line[close + 1] !== separator)) return null;
      found.push(line.slice(at + 1, close).replaceAll('""', '"'));
      end = close + 1 < line.length ? close + 1 : -1;
    } else {
      found.push(line.slice(at, end < 0 ? undefined : end).trim());
    }
    if (end < 0) break;
    at = end + 1;
  }
  return found;
}

/** The same file with other names in its header. @param {File} file @param {Head} head @param {string[]} names */
export function renamed(file, head, names) {
  const quoted = names.map((name) => (/["\r\n]/.test(name) || name.includes(head.separator) ? `"${name.replaceAll('"', '""')}"` : name));
  return new Blob([`${quoted.join(head.separator)}\n`, file.slice(head.bytes)]);
}

/** Names as a query parameter has them: with commas between them. @param {string[]} names */
export const joined = (names) => names.map((name) => (/[",]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name)).join(",");
