/** What failed for good (dead letters), equal errors together: each is replayed or dropped, or all of a group. */

import { ask, get } from "./api.js";
import { announce, card, crumbs, el, facts } from "./dom.js";
import { ago, number, sentence } from "./format.js";
import { workName } from "./kinds.js";
import { linkTo, taskLink, tasksLink } from "./places.js";
import { showProblem, singly } from "./problems.js";

/** How many are asked for. */
const PAGE = 200;

export async function showDead(main, _, signal) {
  const wrong = el("div", {});
  const place = el("div", {});
  const refresh = async () => {
    const { letters, next } = await get(`/v1/dead?limit=${PAGE}`, signal);
    place.replaceChildren(...grouped(letters).map((group) => groupCard(group, act)),
      letters.length ? "" : card("", el("p", {}, "Nothing has failed for good."),
        el("p", { class: "hint" }, "Work that ends its worker, runs too long or is tried again too often is kept here, with its body, until it is replayed or dropped.")),
      next ? el("p", { class: "hint" }, `The newest ${number(PAGE)} are shown; the others follow once these are gone.`) : "");
  };
  /** Do the same with each of some, one after the other. */
  const act = async (button, letters, one, done) => singly(button, async () => {
    wrong.replaceChildren();
    let count = 0;
    try {
      for (const letter of letters) {
        await one(letter);
        count++;
      }
      announce(`${count} ${done}`);
    } catch (error) {
      if (!signal.aborted) showProblem(wrong, error);
    }
    await refresh();
    if (!document.activeElement || document.activeElement === document.body) main.querySelector("h1").focus();
  });
  await refresh();
  main.replaceChildren(crumbs(["Tasks", tasksLink]),
    el("div", { class: "head" }, el("h1", { tabindex: "-1" }, "Failed for good")), wrong, place);
}

/** @returns {Array<{error: any, letters: any[]}>} those with most letters first */
function grouped(letters) {
  const groups = new Map();
  for (const letter of letters) {
    const key = JSON.stringify([letter.error.type, letter.error.detail]);
    if (!groups.has(key)) groups.set(key, { error: letter.error, letters: [] });
    groups.get(key).letters.push(letter);
  }
  return [...groups.values()].sort((one, other) => other.letters.length - one.letters.length);
}

const replay = (letter) => ask(`${letter.links.self}/replay`, { method: "POST" });
const drop = (letter) => ask(letter.links.self, { method: "DELETE" });

function groupCard({ error, letters }, act) {
  const many = letters.length > 1;
  const all = many && el("p", { class: "actions" }, ...buttons(letters, act, `all ${letters.length}`));
  return card(`${number(letters.length)} times ${error.type}`, el("p", {}, sentence(error.detail)), all,
    el("ul", { class: "names" }, ...letters.map((letter) => el("li", { class: "letter" }, el("div", {}, el("a", { href: taskLink(letter.id) }, workName(letter))),
      facts([["Model", el("a", { href: linkTo(letter.model) }, letter.model)], ["For", letter.owner], ["Given up", ago(letter.finished_at)],
        ["Delivered", `${letter.deliveries} times`], ["Body", letter.body_bytes === null ? "is lost" : `${number(letter.body_bytes)} bytes`]]),
      el("p", { class: "actions" }, ...buttons([letter], act, workName(letter)))))));
}

/** @param {any[]} letters @param {any} act @param {string} what for who does not see them beside it */
function buttons(letters, act, what) {
  const many = letters.length > 1 ? " all" : "";
  const again = el("button", { type: "button", class: "quiet small", "aria-label": `Replay ${what}`, onclick: () => act(again, letters, replay, "replayed") }, `Replay${many}`);
  const away = el("button", { type: "button", class: "danger small", "aria-label": `Drop ${what}`, onclick: () => act(away, letters, drop, "dropped") }, `Drop${many}`);
  return [again, away];
}
