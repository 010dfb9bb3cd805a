/** What is asked of the service while one writes: not for each letter. */

/** How long nothing is written before it is asked (ms). */
const PAUSE = 150;

/** Does it once nobody has called for a moment; what fails is left as it is, the next letter asks again.
 * @param {() => Promise<unknown>} act @param {AbortSignal} [signal] ends it */
export function settled(act, signal) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(() => { if (!signal?.aborted) act().catch(() => {}); }, PAUSE);
  };
}
