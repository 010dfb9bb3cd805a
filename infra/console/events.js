/** A task, followed until it is over: server-sent events, or asking again where there are none. */

import { ask, get, Problem } from "./api.js";

/** How long to wait before asking again (ms). */
const PAUSE = 1000;
const FINAL = new Set(["succeeded", "failed", "cancelled", "expired"]);

/** @param {string} state */
export const isOver = (state) => FINAL.has(state);

/**
 * EventSource cannot send a token, so the stream is read here.
 * @param {string} id
 * @param {AbortSignal} signal ends it
 * @param {{state: (data: any) => void, progress: (data: any) => void, result: (task: any) => void}} hear
 */
export async function follow(id, signal, hear) {
  let last = "";
  while (!signal.aborted) {
    try {
      const headers = { Accept: "text/event-stream", ...(last ? { "Last-Event-ID": last } : {}) };
      const answer = await ask(`/v1/tasks/${id}/events`, { headers, signal });
      if (answer.status === 204) return;
      for await (const event of read(answer.body)) {
        if (event.id) last = event.id;
        if (event.event === "error") throw new Problem(0, JSON.parse(event.data));
        hear[event.event]?.(JSON.parse(event.data));
        if (event.event === "result") return;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Problem && [404, 406].includes(error.status)) return poll(id, signal, hear);
      if (error instanceof Problem && [401, 403].includes(error.status)) throw error;
    }
    await pause(PAUSE, signal);
  }
}

/** @param {ReadableStream<Uint8Array>} body */
async function* read(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (text + value).split(/\r?\n\r?\n/);
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const event = parse(block);
      if (event.data) yield event;
    }
  }
}

function parse(block) {
  const event = { event: "message", id: "", data: "" };
  for (const line of block.split(/\r?\n/)) {
    const [, name, value] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
    if (name === "data") event.data += event.data ? `\n${value}` : value;
    else if (name === "event" || name === "id") event[name] = value;
  }
  return event;
}

async function poll(id, signal, hear) {
  while (!signal.aborted) {
    const task = await get(`/v1/tasks/${id}`, signal).catch((error) => {
      // The service may be back in a moment.
      if (error instanceof Problem && (error.status === 0 || error.status >= 429)) return null;
      throw error;
    });
    if (task && isOver(task.state)) return hear.result(task);
    if (task) hear.state(task);
    if (task?.progress) hear.progress(task.progress);
    await pause(PAUSE, signal);
  }
}

/** @param {number} milliseconds */
export function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
