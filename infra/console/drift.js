/** Whether the rows that are predicted look like those of training, column by column. */

import { card, el, svg } from "./dom.js";
import { number, percent } from "./format.js";
import { aging } from "./times.js";

/** From which stability index on a column is said to differ, and to differ much. */
const SOME = 0.1, MUCH = 0.25;
/** Most columns that are shown, those first that differ most. */
const SHOWN = 30;
const WIDTH = 320, HEIGHT = 64;

/** @param {{version: number|null, rows: number, since: string, columns: any[]}} drift */
export function driftCard({ version, rows, since, columns }) {
  const title = "Rows that were predicted, beside those of training";
  if (!rows) return card(title, el("p", { class: "hint" }, "Nothing was predicted in the last day. Once it is, some of the rows are looked at, and shown here beside those that were learned from."));
  const sorted = [...columns].sort((one, other) => (other.psi ?? -1) - (one.psi ?? -1));
  const more = sorted.length - SHOWN;
  return card(title,
    el("p", { class: "hint" }, `${number(rows)} rows were looked at that version ${version} predicted, the first `, aging(since), ". ",
      el("span", { class: "key train" }, "training"), " ", el("span", { class: "key v0" }, "predicted")),
    el("div", { class: "drifts" }, ...sorted.slice(0, SHOWN).map(columnView)),
    more > 0 && el("p", { class: "hint" }, `And ${number(more)} columns more, which differ less.`));
}

function columnView(column) {
  const { name, psi, missing, bins } = column;
  const lost = missing.live > 0 || missing.trained > 0 ? `missing ${percent(missing.trained)} then, ${percent(missing.live)} now` : "";
  return el("section", { class: "drift" },
    el("h3", {}, name, badge(psi)),
    bins.length ? chart(column) : "",
    el("p", { class: "hint" }, [ends(bins), lost].filter(Boolean).join("; ")));
}

function badge(psi) {
  if (psi === null) return "";
  const [tone, said] = psi >= MUCH ? ["bad", "differs much"] : psi >= SOME ? ["busy", "differs"] : ["good", "alike"];
  return el("span", { class: `badge ${tone}`, title: `population stability index ${number(psi)}` }, said);
}

/** What a bar stands for. */
const labelOf = ({ value, from, to }) => value ?? (from === null ? `less than ${number(to)}` : to === null ? `more than ${number(from)}` : `${number(from)} to ${number(to)}`);

function ends(bins) {
  if (!bins.length) return "";
  if (bins[0].value !== undefined) {
    const [most] = [...bins].sort((one, other) => Math.abs(other.live - other.trained) - Math.abs(one.live - one.trained));
    return `most of all ${most.value}: ${percent(most.trained)} then, ${percent(most.live)} now`;
  }
  const isInside = ({ from, to }) => from !== null && to !== null;
  const outside = bins.filter((bin) => !isInside(bin)).reduce((sum, { live }) => sum + live, 0), inner = bins.filter(isInside);
  return `${number(inner[0].from)} to ${number(inner.at(-1).to)}${outside ? `, ${percent(outside)} now outside of it` : ""}`;
}


function chart({ name, bins }) {
  const top = Math.max(...bins.flatMap(({ trained, live }) => [trained, live]), 1e-9), width = WIDTH / bins.length;
  const rect = (bin, share, look, x) => {
    const height = (share / top) * (HEIGHT - 2);
    return svg("rect", { class: look, x: x.toFixed(1), y: (HEIGHT - height).toFixed(1), width: (width * 0.4).toFixed(1), height: height.toFixed(1) },
      svg("title", {}, `${labelOf(bin)}: ${percent(share)} ${look === "live" ? "now" : "then"}`));
  };
  const bars = bins.flatMap((bin, at) => [rect(bin, bin.trained, "trained", (at + 0.08) * width), rect(bin, bin.live, "live", (at + 0.5) * width)]);
  const most = bins.reduce((found, bin) => (bin.live - bin.trained > found.live - found.trained ? bin : found));
  return svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: "100%", height: HEIGHT, preserveAspectRatio: "none", role: "img",
    "aria-label": `${name}: most grown is ${labelOf(most)}, from ${percent(most.trained)} to ${percent(most.live)}` }, ...bars);
}
