/** Webhooks: who is told what happens, what became of each message, and sending one again. */

import { ask, get } from "./api.js";
import { announce, card, crumbs, el, facts, table } from "./dom.js";
import { pause } from "./events.js";
import { moment, number } from "./format.js";
import { webhookLink, webhooksLink } from "./places.js";
import { showProblem, singly } from "./problems.js";

/** How often what is under way is asked for again (ms). */
const EVERY = 2000;
/** How many messages are shown at first, how many more each time, and how many at most. */
const PAGE = 25;
const MOST = 200;

const TONES = { delivered: "good", failed: "bad", pending: "busy" };

export async function showWebhooks(main, _, signal) {
  const { webhooks } = await get("/v1/webhooks", signal);
  const rows = webhooks.map((one) => el("li", {}, el("a", { href: webhookLink(one.id) },
    el("span", {}, el("strong", {}, one.url), one.description && ` ${one.description}`),
    el("span", { class: "more" }, heard(one)), standing(one))));
  const none = el("li", {}, el("p", { class: "hint" }, "Nobody is told yet: ", el("code", {}, "POST /v1/webhooks"), " or ",
    el("code", {}, "mlservice webhooks add"), " has a URL told when work ends."));
  main.replaceChildren(el("div", { class: "head" }, el("h1", { tabindex: "-1" }, "Webhooks")),
    el("ul", { class: "list" }, ...(rows.length ? rows : [none])));
}

export async function showWebhook(main, [id], signal) {
  const address = `/v1/webhooks/${encodeURIComponent(id)}`;
  const log = new Log(address, signal);
  const [webhook] = await Promise.all([get(address, signal), log.refresh()]);
  const ping = el("button", { type: "button", class: "quiet", onclick: () => log.send(ping, `${address}/ping`) }, "Send a ping");
  main.replaceChildren(crumbs(["Webhooks", webhooksLink]),
    el("div", { class: "head" }, el("h1", { tabindex: "-1" }, webhook.url, standing(webhook)), ping),
    card("", facts([
      ["Hears of", heard(webhook)], ["Of tasks", webhook.kinds.join(", ")], ["Of models", webhook.models.join(", ") || "all"],
      ["Account", webhook.owner], ["Since", moment(webhook.created_at)], ["Id", el("code", {}, webhook.id)],
      ...(webhook.ended_because ? [["Ended because", webhook.ended_because]] : []),
    ])), card("Messages", log.element, log.wrong, el("div", { class: "actions" }, log.button)));
  log.keep();
}

const heard = ({ events }) => events.join(", ") || "only work that names it";

function standing({ enabled, ended_because, waiting }) {
  if (!enabled) return el("span", { class: "badge bad" }, ended_because ? "ended" : "disabled");
  return waiting ? el("span", { class: "badge busy" }, `${number(waiting)} waiting`) : el("span", { class: "badge good" }, "enabled");
}

/** The newest messages of a webhook, which follow what is under way. */
class Log {
  /** @param {string} address @param {AbortSignal} signal */
  constructor(address, signal) {
    this.address = address;
    this.signal = signal;
    this.limit = PAGE;
    /** Whether one of them is to be tried, or tried again. */
    this.pending = false;
    this.element = el("div", {});
    this.wrong = el("div", {});
    this.button = el("button", { type: "button", class: "quiet", onclick: () => this.attempt(this.button, () => this.further()) }, "Show more");
  }

  async refresh() {
    const { deliveries, next } = await get(`${this.address}/deliveries?limit=${this.limit}`, this.signal);
    this.pending = deliveries.some(({ state }) => state === "pending");
    this.button.hidden = !next || this.limit >= MOST;
    // What had the focus is made anew.
    const focused = this.element.contains(document.activeElement) ? document.activeElement.id : "";
    this.element.replaceChildren(deliveries.length ? this.rows(deliveries) : el("p", { class: "hint" }, "None is kept."));
    if (focused) document.getElementById(focused)?.focus();
  }

  rows(deliveries) {
    return table("Messages", ["Type", "Made", "State", "Last attempt", ""], deliveries.map((one) => {
      const again = el("button", { type: "button", class: "quiet small", id: one.id, "aria-label": `Send again ${one.type} of ${moment(one.created_at)}`,
        onclick: () => this.send(again, one.links.replay) }, "Send again");
      return [one.type, moment(one.created_at), el("span", { class: `badge ${TONES[one.state]}` }, one.state), last(one.attempts), again];
    }));
  }

  further() {
    this.limit = Math.min(this.limit * 2, MOST);
    return this.refresh();
  }

  /** Have a message sent. @param {HTMLElement} button @param {string} address */
  send(button, address) {
    return this.attempt(button, async () => {
      await ask(address, { method: "POST" });
      announce("The message is on its way");
      await this.refresh();
    });
  }

  attempt(button, work) {
    return singly(button, async () => {
      this.wrong.replaceChildren();
      await work().catch((error) => { if (!this.signal.aborted) showProblem(this.wrong, error); });
    });
  }

  async keep() {
    while (!this.signal.aborted) {
      await pause(EVERY, this.signal);
      // While the service is away, what is known stays.
      if (this.pending && !this.signal.aborted && !document.hidden) await this.refresh().catch(() => {});
    }
  }
}

function last(attempts) {
  const one = attempts.at(-1);
  if (!one) return "none yet";
  const tries = attempts.length > 1 ? `, ${attempts.length} attempts` : "";
  return `${one.error ?? `answered ${one.status}`}, ${moment(one.at)}${tries}`;
}
