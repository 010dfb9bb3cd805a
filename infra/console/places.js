/** Addresses within the console, and of the service, which may lie below a path that a proxy in front gives it. */

/** Where the service is, by where this file is: a path with a slash at its end. */
export const root = new URL("..", import.meta.url).pathname;
const reportPage = new URL("report.html", import.meta.url).pathname;

/** Where a path of the API is; also one that the API told, which has all of it. @param {string} path */
export const addressOf = (path) => (path.startsWith(root) ? path : root + path.slice(1));

export const modelsLink = "#/models";
export const webhooksLink = "#/webhooks";

/** @param {string} model @param {string|number} [version] */
export const linkTo = (model, version = "") => `${modelsLink}/${encodeURIComponent(model)}${version ? `/${version}` : ""}`;

/** @param {string} model @param {string} part of its page; "" for the first */
export const modelTabLink = (model, part) => `${linkTo(model)}${part ? `/${part}` : ""}`;

/** @param {string} model @param {string|number} [version] */
export const tryLink = (model, version = "") => `${linkTo(model)}/try${version ? `/${version}` : ""}`;

/** @param {string} model @param {number[]} versions */
export const compareLink = (model, versions) => `${linkTo(model)}/compare/${versions.join("-")}`;

export const overviewLink = "#/overview";
export const tasksLink = "#/tasks";
export const adminLink = "#/admin";
/** By which a link signs in. */
export const ENTERING = /^#\/enter\/(.+)$/;

/** @param {string} id */
export const taskLink = (id) => `${tasksLink}/${encodeURIComponent(id)}`;

/** @param {string} id */
export const webhookLink = (id) => `${webhooksLink}/${encodeURIComponent(id)}`;

/** @param {string} model @param {string|number} version */
export const reportLink = (model, version) => `${reportPage}#${encodeURIComponent(model)}/${version}`;

/** @param {string} kind @param {string} [model] @param {boolean} [replacing] whether the form is to offer to replace the shape of the data */
export const workLink = (kind, model = "", replacing = false) => `#/new/${kind}${model ? `/${encodeURIComponent(model)}${replacing ? "/replace" : ""}` : ""}`;

/** A form that asks for the same once more. @param {{kind: string, model: string, id: string}} task */
export const againLink = ({ kind, model, id }) => `${workLink(kind, model)}/again/${encodeURIComponent(id)}`;

/** The parts of an address that somebody may have typed. @param {string[]} parts @returns {string[]|null} null if it is none */
export function decoded(parts) {
  try {
    return parts.map((part) => part && decodeURIComponent(part));
  } catch {
    return null;
  }
}
