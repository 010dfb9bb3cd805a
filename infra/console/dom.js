/** Elements, made so that text from users is always text. */

/**
 * @param {string} tag
 * @param {Record<string, any>} [attributes] `onclick` and the like are listeners; true, false and null as in HTML
 * @param {...(Node|string|number|null|undefined|false)} children strings become text nodes
 * @returns {any}
 */
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Say something to those who cannot see it change. */
export function announce(text) {
  const announcer = document.getElementById("announcer");
  if (announcer && announcer.textContent !== text) announcer.textContent = text;
}

/** Name the page, for tabs and their history. */
export function entitle(text) {
  document.title = `${text} · mlservice`;
}

let fields = 0;

/**
 * A labelled input, select or textarea.
 * @param {string} label
 * @param {HTMLElement} input
 * @param {string} [hint] one sentence below it
 */
export function field(label, input, hint = "") {
  const id = `field-${++fields}`;
  input.id = id;
  if (hint) input.setAttribute("aria-describedby", `${id}-hint`);
  return el("div", { class: "field" },
    el("label", { for: id }, label), input, hint && el("p", { class: "hint", id: `${id}-hint` }, hint));
}

/** A labelled box to tick. @param {string} label @param {string} name @param {string} hint */
export function tick(label, name, hint) {
  const id = `field-${++fields}`;
  const box = el("input", { type: "checkbox", id, name, value: "true", "aria-describedby": `${id}-hint` });
  return el("div", { class: "tick-field" }, box, el("label", { for: id }, label), el("p", { class: "hint", id: `${id}-hint` }, hint));
}

/** A drop-down list. @param {Record<string, string>} choices label by value @param {string} [chosen] */
export function select(name, choices, chosen = "") {
  return el("select", { name }, ...Object.entries(choices).map(([value, label]) =>
    el("option", { value, selected: value === chosen }, label)));
}

/** A table that scrolls by itself where it is too wide. */
export function table(caption, heads, rows) {
  return el("div", { class: "scrolls", tabindex: "0", role: "region", "aria-label": caption },
    el("table", {},
      el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, head)))),
      el("tbody", {}, ...rows.map((cells) => el("tr", {}, ...cells.map((cell) =>
        el("td", { class: typeof cell === "number" ? "number" : null }, cell)))))));
}

/** Fields beside each other, where there is room. @param {...HTMLElement} fields */
export function pair(...fields) {
  return el("div", { class: "pair" }, ...fields);
}

/** Pairs of a name and a value. @param {Array<[string, any]>} pairs */
export function facts(pairs) {
  return el("dl", { class: "facts" }, ...pairs.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

/** A titled part of a page. */
export function card(title, ...children) {
  return el("section", { class: "card" }, title && el("h2", {}, title), ...children);
}

/** The way back. @param {...[string, string]} steps */
export function crumbs(...steps) {
  return el("nav", { class: "crumbs", "aria-label": "Where this is" }, ...steps.map(([text, href]) => el("a", { href }, text)));
}

/** A part of a page that is only made when it comes into view. @param {HTMLElement} element @param {AbortSignal} signal @param {() => void} call */
export function whenSeen(element, signal, call) {
  const eye = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    eye.disconnect();
    call();
  }, { rootMargin: "200px" });
  eye.observe(element);
  signal.addEventListener("abort", () => eye.disconnect(), { once: true });
}
