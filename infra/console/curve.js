/** Learning curves, drawn as SVG. */

import { el, svg } from "./dom.js";
import { number } from "./format.js";

const HEIGHT = 220;
const EDGE = { left: 56, right: 22, top: 12, bottom: 30 };
/** The lines of a fit. @type {Array<{name: string, look: string}>} */
const SETS = ["train", "holdout"].map((name) => ({ name, look: name }));
/** The first part of all iterations, which is not shown if it takes most of the room; from so many iterations on. */
const EARLY = 0.1, EARLY_ITERATIONS = 20;
/** How many times the room of the rest all values must take for that, and what is added to the rest's room then. */
const TIMES = 2, MARGIN = 0.1;

/**
 * As a version keeps it: each set has iterations of its own.
 * @typedef {{iterations: number[], metrics: Record<string, number[]>}} Line
 * @typedef {{iteration: number, value: number, higher_is_better: boolean}} Best
 * @typedef {{lines: Record<string, Line>, best: Record<string, Best>, marks?: number[]}} Curve marks: what is ringed
 */

/** @returns {Curve} a curve without points */
export function emptyCurve() {
  return { lines: {}, best: {} };
}

/**
 * Add what a train has told of an iteration. A train that falls back has begun anew, and so does the curve.
 * @param {Curve} curve @param {any} progress
 */
export function addPoint(curve, progress) {
  if (lastOf(curve) > progress.iteration) Object.assign(curve, emptyCurve());
  for (const [set, metrics] of Object.entries(progress.metrics ?? {})) {
    const measured = progress.measured?.[set] ?? progress.iteration;
    const line = curve.lines[set] ??= { iterations: [], metrics: Object.fromEntries(Object.keys(metrics).map((name) => [name, []])) };
    if (line.iterations.at(-1) >= measured) continue;
    line.iterations.push(measured);
    for (const [name, values] of Object.entries(line.metrics)) values.push(metrics[name] ?? NaN);
  }
  Object.assign(curve.best, progress.best);
}

/** Whether there is something to draw. @param {Curve|null|undefined} curve */
export function hasPoints(curve) {
  return Object.values(curve?.lines ?? {}).some((line) => line.iterations.length && Object.keys(line.metrics).length);
}

const lastOf = (curve) => Math.max(0, ...Object.values(curve.lines).map((line) => line.iterations.at(-1) ?? 0));

/**
 * The lowest and the highest value of a metric that a figure should have room for; `shown_range` in tasks/registry/curve.py is the
 * same. If the first iterations take most of the room, they are left out, so that it is seen how the rest goes.
 * @param {[number, number][]} points iteration and value @param {Best|undefined} best
 */
export function shownRange(points, best) {
  const values = points.map(([, value]) => value), at = points.map(([iteration]) => iteration);
  const low = Math.min(...values), high = Math.max(...values);
  const first = Math.min(...at), last = Math.max(...at);
  const later = points.filter(([iteration]) => iteration >= first + EARLY * (last - first)).map(([, value]) => value);
  if (best) later.push(best.value);
  const bottom = Math.min(...later), top = Math.max(...later);
  if (last - first < EARLY_ITERATIONS || top === bottom || high - low <= TIMES * (top - bottom)) return [low, high];
  return [Math.max(low, bottom - MARGIN * (top - bottom)), Math.min(high, top + MARGIN * (top - bottom))];
}

/**
 * A figure for each metric. `draw(curve, total)` draws anew; `total` is the last iteration there will be.
 * @param {{sets?: Array<{name: string, look: string}>, by?: string}} [options] sets: the lines that a curve may have, and how each looks; by: what it goes by
 * @returns {{element: HTMLElement, draw: (curve: Curve, total?: number) => void}}
 */
export function curveView({ sets = SETS, by = "iteration" } = {}) {
  const element = el("div", { class: "curves" });
  let latest = null;
  const draw = (curve, total = 0) => {
    latest = [curve, total];
    const names = new Set(sets.flatMap(({ name }) => Object.keys(curve.lines[name]?.metrics ?? {})));
    element.replaceChildren(...[...names].map((name) => figure(curve, name, { sets, by, total, room: element.clientWidth || 600 })));
  };
  let width = 0;
  new ResizeObserver(() => {
    if (latest && element.clientWidth !== width) draw(...latest);
    width = element.clientWidth;
  }).observe(element);
  return { element, draw };
}

function figure(curve, name, { sets, by, total, room }) {
  const width = Math.max(240, Math.min(room, 960));
  const lines = sets.map((set) => ({ ...set, points: pointsOf(curve.lines[set.name], name) })).filter((line) => line.points.length);
  const found = curve.best?.[name];
  const scale = scales(lines.flatMap((line) => line.points), found, total, width);
  // What lies outside of the inner SVG is not shown.
  const inside = { x: EDGE.left, y: EDGE.top, width: width - EDGE.left - EDGE.right, height: HEIGHT - EDGE.top - EDGE.bottom };
  const chart = svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": describe(name, lines, found, by) },
    ...axes(scale, width),
    svg("svg", { ...inside, viewBox: Object.values(inside).join(" ") }, ...lines.map((line) => drawn(line, scale))),
    ...lines.map((line) => dot(line.look, line.points.at(-1), scale)),
    ...lines.flatMap((line) => marked(line, curve.marks ?? [], scale)),
    found && found.iteration >= scale.first && svg("g", { class: "line holdout best" }, ring(found, scale)));
  return el("figure", {}, el("figcaption", {}, el("span", { class: "metric" }, name, el("span", { class: "hint" }, ` by ${by}`)), ...lines.map(legend), best(found)), chart);
}

/** @returns {[number, number][]} */
function pointsOf(line, name) {
  return (line?.iterations ?? []).map((at, index) => [at, line.metrics[name]?.[index]]).filter(([, value]) => Number.isFinite(value));
}

function legend({ name, look, points }) {
  return el("span", { class: `key ${look}` }, `${name} ${number(points.at(-1)[1])}`);
}

/** Where the holdout was best. */
function best(found) {
  return found ? el("span", { class: "hint" }, `best holdout ${number(found.value)} at ${number(found.iteration)}`) : null;
}

function describe(metric, lines, found, by) {
  const ends = lines.map(({ name, points }) => `${name} from ${number(points[0][1])} to ${number(points.at(-1)[1])}`);
  if (found) ends.push(`the holdout is best at iteration ${found.iteration}, with ${number(found.value)}`);
  return `${metric} over ${number(Math.max(...lines.map(({ points }) => points.at(-1)[0])))} ${by}s: ${ends.join(", ")}`;
}

function scales(points, found, total, width) {
  let [low, high] = shownRange(points, found);
  if (low === high) [low, high] = [low - Math.abs(low || 1) * 0.1, high + Math.abs(high || 1) * 0.1];
  const ticks = steps(low, high, 4);
  low = Math.min(low, ticks[0]);
  high = Math.max(high, ticks.at(-1));
  const at = points.map(([iteration]) => iteration);
  const first = Math.min(...at, 1), last = Math.max(...at, total, first + 1);
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

function drawn({ look, points }, scale) {
  const at = ([iteration, value]) => `${scale.x(iteration).toFixed(1)},${scale.y(value).toFixed(1)}`;
  return svg("g", { class: `line ${look}` }, svg("polyline", { points: points.map(at).join(" ") }));
}

function dot(look, [iteration, value], scale) {
  return svg("g", { class: `line ${look}` }, svg("circle", { cx: scale.x(iteration).toFixed(1), cy: scale.y(value).toFixed(1), r: 3.5 }));
}

/** Rings around those points of a line that are marked. @param {number[]} marks what they go by */
function marked({ look, points }, marks, scale) {
  const found = points.filter(([iteration]) => marks.includes(iteration));
  return found.map(([iteration, value]) => svg("g", { class: `line ${look} best` }, ring({ iteration, value }, scale)));
}

function ring({ iteration, value }, scale) {
  return svg("circle", { cx: scale.x(iteration).toFixed(1), cy: scale.y(value).toFixed(1), r: 5.5 });
}
