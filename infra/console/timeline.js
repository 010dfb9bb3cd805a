/** What went up and down in the last hours, drawn as SVG. */

import { el, svg } from "./dom.js";

const HEIGHT = 150;
const EDGE = { left: 52, right: 14, top: 10, bottom: 24 };
/** Points that lie further apart than so many steps are not joined: nothing is known of what is between. */
const APART = 2.5;
/** Hours between marks of the time, at most so many marks. */
const HOURS = [1, 2, 3, 4, 6, 12], MARKS = 7;

/**
 * @typedef {{name: string, look: string, values: Array<number|null>}} Series values: one for each time, null for none
 * @param {string} title
 * @param {number[]} times (ms) @param {number} step how long each stands for (ms)
 * @param {Series[]} series
 * @param {(value: number) => string} written how a value is written
 */
export function timeline(title, times, step, series, written) {
  const caption = el("figcaption", {}), place = el("div", {});
  const say = (at) => caption.replaceChildren(el("span", { class: "metric" }, title), ...series.map((one) => legend(one, at, written)),
    el("span", { class: "hint" }, at < 0 ? "" : clock(times[at])));
  const draw = () => {
    const width = Math.max(240, Math.min(place.clientWidth || 600, 960));
    place.replaceChildren(chart(title, times, step, series, written, width, say));
  };
  let width = -1;
  new ResizeObserver(() => {
    if (place.clientWidth !== width) draw();
    width = place.clientWidth;
  }).observe(place);
  say(times.length - 1);
  return el("figure", { class: "timeline" }, caption, place);
}

function legend({ name, look, values }, at, written) {
  const value = values[at];
  return el("span", { class: `key ${look}` }, `${name} ${typeof value === "number" ? written(value) : "–"}`);
}

function chart(title, times, step, series, written, width, say) {
  const known = series.flatMap(({ values }) => values.filter((value) => typeof value === "number"));
  const top = ceiling(Math.max(...known, 0)), first = times[0], last = Math.max(times.at(-1), first + step);
  const x = (at) => EDGE.left + ((at - first) / (last - first)) * (width - EDGE.left - EDGE.right);
  const y = (value) => EDGE.top + (1 - value / top) * (HEIGHT - EDGE.top - EDGE.bottom);
  const rule = svg("line", { class: "rule", y1: EDGE.top, y2: HEIGHT - EDGE.bottom, visibility: "hidden" });
  const drawn = svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": described(title, times, series, written) },
    ...[0, top / 2, top].flatMap((value) => [
      svg("line", { class: "grid", x1: EDGE.left, x2: width - EDGE.right, y1: y(value), y2: y(value) }),
      svg("text", { class: "tick", x: EDGE.left - 8, y: y(value) + 4, "text-anchor": "end" }, written(value))]),
    ...marks(first, last).map((at) => svg("text", { class: "tick", x: x(at), y: HEIGHT - 6, "text-anchor": "middle" }, clock(at))),
    ...series.map(({ look, values }) => svg("g", { class: `line ${look}` }, ...pieces(times, step, values).map((piece) => piece.length > 1
      ? svg("polyline", { points: piece.map(([at, value]) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(" ") })
      : svg("circle", { cx: x(piece[0][0]).toFixed(1), cy: y(piece[0][1]).toFixed(1), r: 2 })))),
    rule);
  drawn.addEventListener("pointermove", (event) => {
    const at = nearest(times, first + ((event.offsetX - EDGE.left) / (width - EDGE.left - EDGE.right)) * (last - first));
    rule.setAttribute("visibility", "visible");
    for (const end of ["x1", "x2"]) rule.setAttribute(end, x(times[at]).toFixed(1));
    say(at);
  });
  drawn.addEventListener("pointerleave", () => {
    rule.setAttribute("visibility", "hidden");
    say(times.length - 1);
  });
  return drawn;
}

/** What is joined by a line. */
function pieces(times, step, values) {
  const found = [];
  let before = -Infinity;
  times.forEach((at, index) => {
    if (typeof values[index] !== "number") return;
    if (at - before > APART * step) found.push([]);
    found.at(-1).push([at, values[index]]);
    before = at;
  });
  return found;
}

/** A round number that is not below this. */
function ceiling(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 5, 10].find((factor) => factor * power >= value) * power;
}

/** The full hours between two times, as many as there is room for (ms). */
function marks(first, last) {
  const hour = 3_600_000, each = (HOURS.find((hours) => (last - first) / (hours * hour) <= MARKS) ?? 24) * hour;
  const away = new Date(first).getTimezoneOffset() * 60_000;
  const found = [];
  for (let at = Math.ceil((first - away) / each) * each + away; at <= last; at += each) found.push(at);
  return found;
}

function nearest(times, wanted) {
  return times.reduce((best, at, index) => (Math.abs(at - wanted) < Math.abs(times[best] - wanted) ? index : best), 0);
}

const clock = (at) => new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });

function described(title, times, series, written) {
  const ends = series.map(({ name, values }) => {
    const known = values.filter((value) => typeof value === "number");
    return known.length ? `${name} up to ${written(Math.max(...known))}, last ${written(known.at(-1))}` : `${name} none`;
  });
  return `${title} from ${clock(times[0])} to ${clock(times.at(-1))}: ${ends.join("; ")}`;
}
