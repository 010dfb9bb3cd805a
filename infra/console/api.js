/** The service's public API. */

import { lost, reached } from "./connection.js";
import { addressOf } from "./places.js";
import { close, ENDED, isAging, open, session } from "./session.js";

/** What says that a page of the service asks: without it the cookie counts for nothing. */
const PAGE = { "X-Mlservice-Page": "1" };
/** With what the proxy says that the gateway is away. */
const AWAY = new Set([502, 504]);

/** An error that the API told, as problem details (RFC 9457). */
export class Problem extends Error {
  /** @param {number} status @param {{title?: string, detail?: string, pointer?: string, type?: string, findings?: any[]}} told */
  constructor(status, told) {
    super(told.detail || told.title || `the service answered ${status}`);
    this.status = status;
    this.title = told.title || "It did not work";
    this.pointer = told.pointer || "";
    this.findings = told.findings ?? [];
  }
}

/** The session was no longer good. */
export class SignedOut extends Problem {}

/** What is called when the session is no longer good. */
/** @type {(reason: string) => void} */
let ended = () => {};
export function onEnd(callback) {
  ended = callback;
}

/**
 * @param {string} path
 * @param {RequestInit & {headers?: Record<string, string>, by?: (url: string, options: any) => Promise<Response>}} [options] by: what takes the place of fetch
 * @returns {Promise<Response>} of a status below 300
 * @throws {Problem}
 */
export async function ask(path, { by = fetch, ...options } = {}) {
  const headers = { ...PAGE, ...options.headers };
  let answer;
  try {
    answer = await by(addressOf(path), { credentials: "same-origin", cache: "no-store", ...options, headers });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    lost();
    throw new Problem(0, { title: "No connection", detail: "The service cannot be reached: check the network and try again." });
  }
  if (AWAY.has(answer.status)) lost();
  else reached();
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => ({}));
  // Of who signs in, this says that it did not work.
  if (answer.status !== 401 || !session()) throw new Problem(answer.status, told);
  close();
  ended(ENDED);
  throw new SignedOut(answer.status, told);
}

/** The answer as JSON. */
export async function get(path, signal) {
  return (await ask(path, { signal })).json();
}

/** Models that the account may see and whose names begin so, {model, tags, links} each: the first of them, and whether there are more. */
export async function someModels(prefix, signal) {
  const { models, next } = await get(`/v1/models?limit=100&prefix=${encodeURIComponent(prefix)}`, signal);
  return { models, more: Boolean(next) };
}

/** Sign in. @param {string} name @param {string} password */
export async function signIn(name, password) {
  const bytes = new TextEncoder().encode(`${name}:${password}`);
  open(await begin({ Authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` }));
}

/** Sign in by a link. @param {string} code */
export async function signInByLink(code) {
  open(await begin({ "Content-Type": "application/json" }, JSON.stringify({ code })));
}

/** Have the session go on, if it is time: who works all day signs in once. */
export async function renew() {
  if (isAging()) open(await begin());
}

/** The answer to a sign-in, whose cookie the browser keeps. */
async function begin(headers = {}, body = null) {
  return (await ask("/v1/session", { method: "POST", headers, body })).json();
}

/** Sign out, in all tabs and of Flower. */
export async function signOut() {
  await ask("/v1/session", { method: "DELETE" });
}

/**
 * Submit work.
 * @param {string} model @param {"init"|"train"|"estimate"} kind
 * @param {BodyInit|null} body @param {string} media its type; "" for none
 * @param {{query?: Record<string, string|null>, wait?: number, signal?: AbortSignal, by?: any}} [options] query: null is not sent; wait: seconds for the result; by: as `ask` has it
 * @returns {Promise<{done: boolean, id: string, document: any}>} the task's id, and the result or the accepted task
 */
export async function submit(model, kind, body, media, { query = {}, wait = 0, signal, by } = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== null);
  const search = given.length ? `?${new URLSearchParams(given)}` : "";
  const headers = { ...(media ? { "Content-Type": media } : {}), ...(wait ? { Prefer: `wait=${wait}` } : {}) };
  const answer = await ask(`/v1/models/${encodeURIComponent(model)}/${kind}${search}`, { method: "POST", body, headers, signal, by });
  return { done: answer.status === 200, id: answer.headers.get("Location").split("/").at(-1), document: await answer.json() };
}
