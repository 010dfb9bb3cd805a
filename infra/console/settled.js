/** What is asked of the service while one writes: not for each letter. */

/** How long nothing is written, or chosen, before it is asked (ms); an entry of a menu may be chosen letter by letter. */
const PAUSE = 150, CHOOSING = 400;

/** Does it once nobody has called for a moment; what fails is left as it is, the next letter asks again.
 * @param {() => Promise<unknown>} act @param {AbortSignal} [signal] ends it @param {number} [pause] (ms) */
export function settled(act, signal, pause = PAUSE) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(() => { if (!signal?.aborted) act().catch(() => {}); }, pause);
  };
}

/** The same for menus. @param {() => Promise<unknown>} act @param {AbortSignal} signal */
export const chosen = (act, signal) => settled(act, signal, CHOOSING);
