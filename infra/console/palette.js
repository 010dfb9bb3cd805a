/** Where one can go, by a few letters: Ctrl+K, or `/` outside of fields. */

import { someModels } from "./api.js";
import { el } from "./dom.js";
import { adminLink, linkTo, modelsLink, overviewLink, tasksLink, tryLink, webhooksLink, workLink } from "./places.js";
import { may, mayAny, session } from "./session.js";
import { settled } from "./settled.js";

/** Most places that are shown. */
const SHOWN = 16;

/** @typedef {{text: string, href: string}} Place */

/** @type {HTMLDialogElement|null} */
let open = null;

/** Listen for the keys, and for the button. @param {HTMLElement} button */
export function listen(button) {
  button.addEventListener("click", show);
  addEventListener("keydown", (event) => {
    const writes = event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]");
    const asks = ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") || (event.key === "/" && !writes && !event.ctrlKey && !event.metaKey && !event.altKey);
    if (!asks || !session() || open) return;
    event.preventDefault();
    show();
  });
}

function show() {
  const input = el("input", { type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": "places", "aria-label": "Go to", placeholder: "A page or a model", autocomplete: "off", spellcheck: "false" });
  const list = el("ul", { id: "places", role: "listbox", "aria-label": "Places" });
  const dialog = el("dialog", { class: "palette", "aria-label": "Go to", onclose: () => { ends.abort(); dialog.remove(); open = null; } }, input, list,
    el("p", { class: "hint" }, "↑ ↓ to choose, Enter to go, Esc to close"));
  const ends = new AbortController();
  let places = pages(), found = [], at = 0, many = false;
  const draw = () => {
    found = matching(places, input.value).slice(0, SHOWN);
    at = Math.min(at, Math.max(0, found.length - 1));
    list.replaceChildren(...found.map(({ text, href }, index) =>
      el("li", { role: "option", id: `place-${index}`, "aria-selected": String(index === at), onclick: () => go(href) }, text)),
    ...(found.length ? [] : [el("li", { class: "hint" }, "There is no such place.")]));
    if (found.length) input.setAttribute("aria-activedescendant", `place-${at}`);
    else input.removeAttribute("aria-activedescendant");
  };
  const go = (href) => {
    dialog.close();
    location.hash = href;
  };
  // Of many models those are asked for that begin as the first word does.
  const wanted = () => (many ? input.value.trim().split(/[\s:]/)[0] : "");
  const ask = async () => {
    const prefix = wanted();
    const { models, more } = await someModels(prefix, ends.signal);
    many ||= more;
    // Something was written meanwhile, of which the answer may be there already.
    if (wanted() !== prefix) return askAgain();
    places = [...pages(), ...models.flatMap(({ model }) => ofModel(model))];
    draw();
  };
  const askAgain = settled(ask, ends.signal);
  input.addEventListener("input", () => { at = 0; draw(); if (many) askAgain(); });
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && found.length) {
      event.preventDefault();
      at = (at + step + found.length) % found.length;
      draw();
    }
    if (event.key === "Enter" && found[at]) {
      event.preventDefault();
      go(found[at].href);
    }
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  document.body.append(dialog);
  open = dialog;
  dialog.showModal();
  input.focus();
  draw();
  ask().catch(() => {});
}

/** @returns {Place[]} */
function pages() {
  return [
    may("monitor") && { text: "Overview", href: overviewLink }, { text: "Models", href: modelsLink }, mayAny("init") && { text: "Upload a table", href: workLink("init") }, mayAny("train") && { text: "Train", href: workLink("train") },
    mayAny("estimate") && { text: "Predict", href: workLink("estimate") }, { text: "Tasks", href: tasksLink }, may("tasks:read") && { text: "Failed tasks", href: `${tasksLink}?state=failed` },
    may("admin") && { text: "Failed for good", href: "#/dead" }, { text: "Queues", href: "#/queues" }, may("tasks:read") && { text: "Webhooks", href: webhooksLink },
    may("admin") && { text: "Admin: accounts, keys, settings", href: adminLink },
  ].filter((one) => one !== false);
}

/** @param {string} model @returns {Place[]} */
function ofModel(model) {
  return [{ text: model, href: linkTo(model) }, may("estimate", model) && { text: `${model}: try it`, href: tryLink(model) },
    may("train", model) && { text: `${model}: train`, href: workLink("train", model) }].filter((one) => one !== false);
}

/** Those that have all words, those first that begin with them. @param {Place[]} places @param {string} text */
function matching(places, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = places.filter((place) => words.every((word) => place.text.toLowerCase().includes(word)));
  const late = (place) => Number(Boolean(words.length) && !place.text.toLowerCase().startsWith(words[0]));
  return fits.map((place, order) => ({ place, order })).sort((one, other) => late(one.place) - late(other.place) || one.order - other.order).map(({ place }) => place);
}
