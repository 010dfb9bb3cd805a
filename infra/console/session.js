/** Who is signed in, in all tabs. The sign-in itself is a cookie that no script sees; here is kept what the pages show of it. */

import { root } from "./places.js";

const KEY = `mlservice.session ${root}`, NAME = `mlservice.name ${root}`;
/** Why it is asked for again. */
export const ENDED = "Your sign-in has ended. Sign in again to go on.";
/** The longest time that a timer takes (ms). */
const LONGEST_TIMER = 2 ** 31 - 1;

/** @typedef {{name: string, scopes: string[], version: string, mostBytes: number, beganAt: number, endsAt: number}} Session */

/** @returns {Session|null} the session, unless it has ended */
export function session() {
  const kept = localStorage.getItem(KEY);
  if (!kept) return null;
  const found = JSON.parse(kept);
  return found.endsAt > Date.now() ? found : null;
}

/** @param {{name: string, scopes: string[], version: string, max_body_bytes: number, expires_at: string}} told by the API */
export function open({ name, scopes, version, max_body_bytes: mostBytes, expires_at }) {
  localStorage.setItem(KEY, JSON.stringify({ name, scopes, version, mostBytes, beganAt: Date.now(), endsAt: Date.parse(expires_at) }));
  localStorage.setItem(NAME, name);
}

export function close() {
  localStorage.removeItem(KEY);
}

/** Who was signed in last. */
export const lastName = () => localStorage.getItem(NAME) ?? "";

/** Call `changed` when another tab signs in or out. @param {() => void} changed */
export function onChange(changed) {
  addEventListener("storage", (event) => { if (event.key === KEY || event.key === null) changed(); });
}

/** Call `ended` when the session ends. @returns {number|undefined} the timer */
export function watchEnd(ended) {
  const found = session();
  return found ? setTimeout(ended, Math.min(found.endsAt - Date.now(), LONGEST_TIMER)) : undefined;
}

/** Whether it is time to have it renewed: half of it is over. */
export function isAging() {
  const found = session();
  return found !== null && Date.now() > (found.beganAt + found.endsAt) / 2;
}

/** Whether the account has a scope, for all models or for this one. */
export function may(scope, model = "") {
  const scopes = session()?.scopes ?? [];
  return scopes.includes("admin") || scopes.includes(scope) || Boolean(model && scopes.includes(`${scope}:${model}`));
}

/** Whether the account has a scope for some model at least. */
export function mayAny(scope) {
  return may(scope) || (session()?.scopes ?? []).some((one) => one.startsWith(`${scope}:`));
}
