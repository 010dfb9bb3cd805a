/** Addresses within the console. */

export const modelsLink = "#/models";

/** @param {string} model @param {string|number} [version] */
export const linkTo = (model, version = "") => `${modelsLink}/${encodeURIComponent(model)}${version ? `/${version}` : ""}`;

/** @param {string} id */
export const taskLink = (id) => `#/tasks/${encodeURIComponent(id)}`;

/** @param {string} model @param {string|number} version */
export const reportLink = (model, version) => `/console/report.html#${encodeURIComponent(model)}/${version}`;

/** @param {string} kind @param {string} [model] @param {boolean} [replacing] whether the form is to offer to replace the shape of the data */
export const workLink = (kind, model = "", replacing = false) => `#/new/${kind}${model ? `/${encodeURIComponent(model)}${replacing ? "/replace" : ""}` : ""}`;

/** The parts of an address that somebody may have typed. @param {string[]} parts @returns {string[]|null} null if it is none */
export function decoded(parts) {
  try {
    return parts.map((part) => part && decodeURIComponent(part));
  } catch {
    return null;
  }
}
