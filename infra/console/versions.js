/** The versions of a model, side by side, and how its metric went from one to the next. */

import { get } from "./api.js";
import { curveView } from "./curve.js";
import { card, el } from "./dom.js";
import { duration, number } from "./format.js";
import { badges } from "./life.js";
import { madeFor } from "./lineage.js";
import { bestOf, delta, metricsOf, span } from "./metrics.js";
import { compareLink, linkTo } from "./places.js";
import { showProblem, singly } from "./problems.js";
import { aging } from "./times.js";

/** How many versions are asked for at a time. */
const PAGE = 20;
/** Of what the metric is drawn. */
const TEST_ROWS = "test rows";
/** Most metrics that have a column. */
const METRICS = 4;
/** Fewest versions whose metric is drawn, and most that are compared. */
const DRAWN = 3, COMPARED = 5;

/** @param {any} model as the API tells it @param {AbortSignal} signal */
export async function versionsCard(model, signal) {
  if (!model.versions.length) return card("Versions", el("p", {}, "None yet: train one."));
  const list = new Versions(model, signal);
  await list.more();
  return card("Versions", list.element);
}

class Versions {
  constructor(model, signal) {
    this.model = model;
    this.path = `/v1/models/${encodeURIComponent(model.model)}`;
    this.signal = signal;
    /** @type {any[]} without what is long, the newest first */
    this.versions = [];
    this.chosen = new Set();
    this.wrong = el("div", {});
    this.table = el("div", { class: "scrolls", tabindex: "0", role: "region", "aria-label": "Versions" });
    this.compare = el("a", { class: "button quiet", role: "link", "aria-disabled": "true" }, "Compare");
    this.button = el("button", { type: "button", class: "quiet", onclick: () => singly(this.button, () => this.further()) }, "Show more");
    this.curve = curveView({ sets: [{ name: TEST_ROWS, look: "holdout" }], by: "version" });
    this.element = el("div", {}, this.table, this.wrong, el("div", { class: "actions" }, this.compare, this.button), this.curve.element);
  }

  async more() {
    const after = this.versions.length ? `&after=${this.versions.at(-1).version}` : "";
    const { versions, next } = await get(`${this.path}/versions?details=true&limit=${PAGE}${after}`, this.signal);
    this.versions.push(...versions);
    if (!this.known) {
      // The current one may be an old one, and its curve knows which values of a metric are better.
      this.known = await get(`${this.path}/versions/${this.model.current || this.versions[0].version}`, this.signal);
      this.current = this.model.current ? this.known : null;
    }
    this.button.hidden = !next;
    this.draw();
  }

  async further() {
    this.wrong.replaceChildren();
    try {
      await this.more();
    } catch (error) {
      if (!this.signal.aborted) showProblem(this.wrong, error);
    }
  }

  draw() {
    const names = metricsOf(this.versions).slice(0, METRICS);
    const best = Object.fromEntries(names.map((name) => [name, bestOf(this.versions, name, this.known)]));
    const heads = ["Version", ...names, "Params", "Made"];
    this.table.replaceChildren(el("table", { class: "versions" },
      el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, head)))),
      el("tbody", {}, ...this.versions.map((version) => this.row(version, names, best)))));
    this.choose();
    this.drawCurve(names[0]);
  }

  row(version, names, best) {
    const { version: id, current } = version;
    const box = el("input", { type: "checkbox", "aria-label": `Compare version ${id}`, checked: this.chosen.has(id), onchange: () => {
      if (box.checked) this.chosen.add(id);
      else this.chosen.delete(id);
      this.choose();
    } });
    const metrics = names.map((name) => el("td", { "data-head": name, class: best[name].has(id) ? "number best" : "number" },
      number(version.metrics[name]), el("span", { class: "hint" }, delta(version, this.current, name)), el("span", { class: "hint" }, span(version, name))));
    return el("tr", {}, el("th", { scope: "row" }, box, el("a", { href: linkTo(this.model.model, id) }, `Version ${id}`),
        current && el("span", { class: "badge good" }, "live"), ...version.aliases.map((alias) => el("span", { class: "badge" }, alias)), ...badges(version.tags)),
      ...metrics, el("td", { class: "params", "data-head": "Params" }, differing(version, this.current)),
      el("td", { "data-head": "Made" }, aging(version.created_at), el("span", { class: "hint" }, work(version))));
  }

  choose() {
    const chosen = [...this.chosen].sort((one, other) => one - other);
    const fits = chosen.length > 1 && chosen.length <= COMPARED;
    this.compare.hidden = this.versions.length < 2;
    this.compare.textContent = chosen.length > COMPARED ? `Compare: at most ${COMPARED}` : chosen.length ? `Compare ${chosen.length}` : "Compare";
    this.compare.setAttribute("aria-disabled", String(!fits));
    if (fits) this.compare.setAttribute("href", compareLink(this.model.model, chosen));
    else this.compare.removeAttribute("href");
  }

  /** The first metric, which decides, over the versions; those that were current are ringed. */
  drawCurve(metric) {
    const known = this.versions.filter(({ metrics }) => typeof metrics[metric] === "number").reverse();
    this.curve.element.hidden = known.length < DRAWN;
    const line = { iterations: known.map(({ version }) => version), metrics: { [metric]: known.map(({ metrics }) => metrics[metric]) } };
    const marks = known.filter(({ current_periods: periods }) => periods?.length).map(({ version }) => version);
    this.curve.draw({ lines: { [TEST_ROWS]: line }, best: {}, marks });
  }
}

/** How long it took, and for whom. */
function work(version) {
  const who = madeFor(version);
  return `in ${duration(version.seconds)}${who ? ` for ${who}` : ""}`;
}

/** The given params that the current version has otherwise. */
function differing(version, current) {
  const said = current?.version === version.version ? {} : current?.params ?? {};
  const names = [...new Set([...Object.keys(version.params), ...Object.keys(said)])];
  const found = names.filter((name) => JSON.stringify(version.params[name]) !== JSON.stringify(said[name]));
  const shown = found.map((name) => (name in version.params ? `${name} ${JSON.stringify(version.params[name])}` : `no ${name}`));
  return shown.length > 3 ? `${shown.slice(0, 3).join(", ")} and ${shown.length - 3} more` : shown.join(", ");
}
