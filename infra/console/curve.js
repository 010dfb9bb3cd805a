/** Learning curves, drawn as SVG. */

import { el, svg } from "./dom.js";
import { number } from "./format.js";

const HEIGHT = 220;
const EDGE = { left: 56, right: 22, top: 12, bottom: 30 };
/** Metrics that are better when they are larger. */
const GROWING = /^(auc|accuracy|r2|average_precision|map|ndcg|f1)/;
const SETS = ["train", "holdout"];

/** @typedef {{iterations: number[], metrics: Record<string, Record<string, number[]>>}} Curve */

/** @returns {Curve} a curve without points */
export function emptyCurve() {
  return { iterations: [], metrics: {} };
}

/** Add what a train has told of an iteration. @param {Curve} curve @param {any} progress */
export function addPoint(curve, progress) {
  if (!progress.metrics || curve.iterations.at(-1) >= progress.iteration) return;
  const before = curve.iterations.length;
  curve.iterations.push(progress.iteration);
  for (const [set, metrics] of Object.entries(progress.metrics)) {
    for (const [name, value] of Object.entries(metrics ?? {})) {
      ((curve.metrics[set] ??= {})[name] ??= Array(before).fill(NaN)).push(value);
    }
  }
}

/** Whether there is something to draw. @param {Curve|null|undefined} curve */
export function hasPoints(curve) {
  return Boolean(curve?.iterations?.length && Object.keys(curve.metrics ?? {}).length);
}

/**
 * A figure for each metric. `draw(curve, total)` draws anew; `total` is the last iteration there will be.
 * @returns {{element: HTMLElement, draw: (curve: Curve, total?: number) => void}}
 */
export function curveView() {
  const element = el("div", { class: "curves" });
  let latest = null;
  const draw = (curve, total = 0) => {
    latest = [curve, total];
    const names = new Set(SETS.flatMap((set) => Object.keys(curve.metrics[set] ?? {})));
    element.replaceChildren(...[...names].map((name) => figure(curve, name, total, element.clientWidth || 600)));
  };
  let width = 0;
  new ResizeObserver(() => {
    if (latest && element.clientWidth !== width) draw(...latest);
    width = element.clientWidth;
  }).observe(element);
  return { element, draw };
}

function figure(curve, name, total, room) {
  const width = Math.max(240, Math.min(room, 960));
  const lines = SETS.map((set) => ({ set, values: curve.metrics[set]?.[name] ?? [] })).filter((line) => line.values.some(Number.isFinite));
  const scale = scales(curve.iterations, lines.flatMap((line) => line.values), total, width);
  const chart = svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": describe(name, lines, curve.iterations) },
    ...axes(scale, width),
    ...lines.map(({ set, values }) => line(set, curve.iterations, values, scale)));
  return el("figure", {}, el("figcaption", {}, el("span", { class: "metric" }, name, el("span", { class: "hint" }, " by iteration")), ...lines.map(legend), best(name, curve, lines)), chart);
}

function legend({ set, values }) {
  return el("span", { class: `key ${set}` }, `${set} ${number(values.findLast(Number.isFinite))}`);
}

/** Where the holdout was best; the wrong way round for a metric that grows, so those are left out. */
function best(name, { iterations }, lines) {
  const values = lines.find((line) => line.set === "holdout")?.values.filter(Number.isFinite) ?? [];
  if (values.length < 2 || GROWING.test(name)) return null;
  const least = values.indexOf(Math.min(...values));
  return el("span", { class: "hint" }, `best holdout ${number(values[least])} at ${iterations[least]}`);
}

function describe(name, lines, iterations) {
  const ends = lines.map(({ set, values }) => `${set} from ${number(values.find(Number.isFinite))} to ${number(values.findLast(Number.isFinite))}`);
  return `${name} over ${iterations.at(-1)} iterations: ${ends.join(", ")}`;
}

function scales(iterations, values, total, width) {
  const finite = values.filter(Number.isFinite);
  let low = Math.min(...finite), high = Math.max(...finite);
  if (low === high) [low, high] = [low - Math.abs(low || 1) * 0.1, high + Math.abs(high || 1) * 0.1];
  const ticks = steps(low, high, 4);
  low = Math.min(low, ticks[0]);
  high = Math.max(high, ticks.at(-1));
  const first = Math.min(iterations[0], 1), last = Math.max(iterations.at(-1), total, first + 1);
  return {
    ticks, first, last,
    x: (value) => EDGE.left + ((value - first) / (last - first)) * (width - EDGE.left - EDGE.right),
    y: (value) => EDGE.top + ((high - value) / (high - low)) * (HEIGHT - EDGE.top - EDGE.bottom),
  };
}

/** Round numbers from below the lowest to above the highest. */
function steps(low, high, wanted) {
  const raw = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= raw) * power;
  const found = [];
  for (let at = Math.floor(low / step); at <= Math.ceil(high / step); at++) found.push(Number((at * step).toPrecision(12)));
  return found;
}

function axes(scale, width) {
  const across = steps(scale.first, scale.last, width < 420 ? 4 : 8).filter((at) => Number.isInteger(at) && at >= scale.first && at <= scale.last);
  return [
    ...scale.ticks.map((at) => svg("line", { class: "grid", x1: EDGE.left, x2: width - EDGE.right, y1: scale.y(at), y2: scale.y(at) })),
    ...scale.ticks.map((at) => svg("text", { class: "tick", x: EDGE.left - 8, y: scale.y(at) + 4, "text-anchor": "end" }, short(at))),
    ...across.map((at) => svg("text", { class: "tick", x: scale.x(at), y: HEIGHT - 8, "text-anchor": "middle" }, short(at))),
  ];
}

function short(value) {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e6 || size < 1e-3)) return value.toExponential(0);
  return size >= 10000 ? `${Number((value / 1000).toPrecision(4))}k` : String(value);
}

function line(set, iterations, values, scale) {
  const points = iterations.map((at, index) => [at, values[index]]).filter(([, value]) => Number.isFinite(value));
  const at = ([iteration, value]) => `${scale.x(iteration).toFixed(1)},${scale.y(value).toFixed(1)}`;
  const [x, y] = at(points.at(-1)).split(",");
  return svg("g", { class: `line ${set}` }, svg("polyline", { points: points.map(at).join(" ") }), svg("circle", { cx: x, cy: y, r: 3.5 }));
}
