/** Who is signed in. It lives in this tab alone, and ends with it. */

const KEY = "mlservice.session";
/** Why it is asked for again. */
export const ENDED = "Your sign-in has ended. Sign in again to go on.";
/** The longest time that a timer takes (ms). */
const LONGEST_TIMER = 2 ** 31 - 1;

/** @typedef {{name: string, token: string, scopes: string[], endsAt: number}} Session */

/** @returns {Session|null} the session, unless its token has ended */
export function session() {
  const kept = sessionStorage.getItem(KEY);
  if (!kept) return null;
  const found = JSON.parse(kept);
  return found.endsAt > Date.now() ? found : null;
}

/** @param {string} name @param {{access_token: string, expires_in: number, scope: string}} token */
export function open(name, token) {
  const endsAt = Date.now() + token.expires_in * 1000;
  const kept = { name, token: token.access_token, scopes: token.scope.split(" "), endsAt };
  sessionStorage.setItem(KEY, JSON.stringify(kept));
}

export function close() {
  sessionStorage.removeItem(KEY);
}

/** Call `ended` when the token ends. @returns {number|undefined} the timer */
export function watchEnd(ended) {
  const found = session();
  return found ? setTimeout(ended, Math.min(found.endsAt - Date.now(), LONGEST_TIMER)) : undefined;
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
