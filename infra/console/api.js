/** The service's public API. */

import { lost, reached } from "./connection.js";
import { addressOf } from "./places.js";
import { close, ENDED, session } from "./session.js";

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
  const token = session()?.token;
  const headers = { ...(token ? { Authorization: `Bearer ${token}` } : {}), ...options.headers };
  let answer;
  try {
    // No cookies, and no dialogue of the browser's own for a wrong password.
    answer = await by(addressOf(path), { credentials: "omit", cache: "no-store", ...options, headers });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    lost();
    throw new Problem(0, { title: "No connection", detail: "The service cannot be reached: check the network and try again." });
  }
  if (AWAY.has(answer.status)) lost();
  else reached();
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => ({}));
  if (answer.status !== 401 || headers.Authorization?.startsWith("Basic ")) throw new Problem(answer.status, told);
  close();
  ended(ENDED);
  throw new SignedOut(answer.status, told);
}

/** The answer as JSON. */
export async function get(path, signal) {
  return (await ask(path, { signal })).json();
}

/** All models that the account may see: {model, tags, links} each. */
export async function allModels(signal) {
  const found = [];
  for (let place = "/v1/models?limit=200"; place;) {
    const page = await get(place, signal);
    found.push(...page.models);
    place = page.next;
  }
  return found;
}

/** @param {string} name @param {string} password */
export async function fetchToken(name, password) {
  const bytes = new TextEncoder().encode(`${name}:${password}`);
  const basic = btoa(String.fromCharCode(...bytes));
  return (await ask("/v1/token", { method: "POST", headers: { Authorization: `Basic ${basic}` } })).json();
}

/** Ends the token, and has the browser forget its cookie for Flower. */
export async function endToken() {
  await ask("/v1/token", { method: "DELETE", credentials: "same-origin" });
}

/** Has the browser see Flower for as long as the token lives, by a cookie that no script can read. */
export async function openFlower() {
  await ask("/v1/flower/session", { method: "POST", credentials: "same-origin" });
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
