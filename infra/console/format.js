/** Numbers and times as people read them. */

/** Five significant digits, enough to see a metric change, and never less than its whole part; whole numbers in full up
 * to a million million. `plain` in tasks/formatting.py shows the same. @param {unknown} value */
export function number(value) {
  if (typeof value !== "number") return String(value ?? "–");
  if (Number.isInteger(value) && Math.abs(value) < 1e12) return value.toLocaleString("en-GB");
  const size = Math.abs(value);
  if (size >= 1e9 || size < 1e-4) return value.toExponential(3);
  const digits = Math.max(0, 4 - Math.floor(Math.log10(size)));
  return value.toLocaleString("en-GB", { maximumFractionDigits: digits, roundingMode: "halfEven" });
}

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 172800) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86400)} days`;
}

/** A part of a whole. @param {number} part from 0 to 1 */
export function percent(part) {
  return part > 0 && part < 0.001 ? "< 0.1 %" : `${(part * 100).toFixed(1)} %`;
}

/** How many bytes something has. @param {number} count */
export function bytes(count) {
  const unit = ["GiB", "MiB", "KiB"].find((_, at) => count >= 1024 ** (3 - at));
  return unit ? `${(count / 1024 ** { GiB: 3, MiB: 2, KiB: 1 }[unit]).toFixed(1)} ${unit}` : `${count} bytes`;
}

/** @param {string|null} text a time as the API writes it */
export function moment(text) {
  if (!text) return "–";
  return new Date(text).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });
}

/** With a capital at its beginning, unless that is a name. @param {string} text */
export function sentence(text) {
  return /^[a-z]+(?![\w'"])/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

/** How long ago, in words. */
export function ago(text) {
  const seconds = (Date.now() - Date.parse(text)) / 1000;
  return seconds < 5 ? "just now" : `${duration(seconds)} ago`;
}
