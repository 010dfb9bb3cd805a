/** One version of a model. */

import { ask, get } from "./api.js";
import { curveView, hasPoints } from "./curve.js";
import { announce, card, crumbs, el, entitle } from "./dom.js";
import { number } from "./format.js";
import { importance } from "./importance.js";
import { aliasCard, deletion, notesCard } from "./life.js";
import { lineageCard, paramsCard } from "./lineage.js";
import { linkTo, modelsLink, reportLink, tryLink } from "./places.js";
import { findingList } from "./plan.js";
import { showProblem, singly } from "./problems.js";
import { save } from "./saving.js";
import { may } from "./session.js";
import { toast } from "./toast.js";

export async function showVersion(main, [name, given], signal) {
  const model = `/v1/models/${encodeURIComponent(name)}`;
  const address = `${model}/versions/${given}`;
  const version = await get(address, signal);
  entitle(`Version ${given} of ${name}`);
  const said = el("div", { class: "wrong" });
  const writes = may("models:write", name);
  const again = async () => {
    await showVersion(main, [name, given], signal);
    main.querySelector("h1").focus();
  };
  const reason = el("input", { name: "reason", maxlength: "1000", placeholder: "why, for the history", "aria-label": "Why it is made live" });
  const promote = el("button", { type: "button", onclick: () => singly(promote, async () => {
    try {
      const { current } = await get(model, signal);
      await makeCurrent(address, reason.value.trim());
      await again();
      toast(`Version ${given} of ${name} is live now`, current ? { undo: () => back(current) } : {});
    } catch (error) {
      showProblem(said, error);
    }
  }) }, "Make it live");
  const back = async (before) => {
    try {
      await makeCurrent(`${model}/versions/${before}`, `undone: version ${given} was made live`);
      await again();
      announce(`Version ${before} of ${name} is live again`);
    } catch (error) {
      showProblem(main.querySelector(".wrong"), error);
    }
  };
  const download = el("button", { type: "button", class: "quiet", onclick: () => singly(download, async () => {
    try {
      const answer = await ask(`${address}/artefact`);
      if (answer.status === 200) save(await answer.blob(), `${name}-${given}.zip`);
      else announce("It is not made yet: press Download again in a while");
    } catch (error) {
      showProblem(said, error);
    }
  }) }, "Download");
  const curve = curveView();
  main.replaceChildren(
    crumbs(["Models", modelsLink], [name, linkTo(name)]),
    el("div", { class: "head" },
      el("h1", { tabindex: "-1" }, `Version ${version.version}`, version.current && el("span", { class: "badge good" }, "live"), ...version.aliases.map((alias) => el("span", { class: "badge" }, alias))),
      el("div", { class: "actions" }, !version.current && writes && reason, !version.current && writes && promote,
        may("estimate", name) && el("a", { class: "button quiet", href: tryLink(name, given) }, "Try it"),
        (may("train", name) || writes) && download,
        el("a", { class: "button quiet", href: reportLink(name, given) }, "Report"))),
    said,
    card("Metrics on test rows", el("div", { class: "figures" }, ...Object.entries(version.metrics).map(([metric, value]) =>
      el("div", {}, el("span", { class: "big" }, number(value)), el("span", { class: "hint" }, metric),
        el("span", { class: "hint" }, beside(version.measured ?? {}, metric))))),
      findingList(version.findings ?? [])),
    card("Learning curve", hasPoints(version.curve) ? curve.element : el("p", { class: "hint" }, "No curve was kept of this version.")),
    card("Importance", importance(version.importance ?? {})),
    paramsCard(version),
    lineageCard(version),
    notesCard(address, version, writes),
    aliasCard(model, version, writes, again),
    writes ? deletion(`version ${given}`, address, "With its report. Its number is not used again.", () => { location.hash = linkTo(name); }) : "");
  if (hasPoints(version.curve)) curve.draw(version.curve);
}

/** @param {string} address of a version @param {string} reason for the history; empty for none */
async function makeCurrent(address, reason) {
  const body = reason ? JSON.stringify({ reason }) : null;
  await ask(`${address}/promote`, { method: "POST", body, headers: body ? { "Content-Type": "application/json" } : {} });
}

/** How far off a metric may be, and what a guess without a model has. */
function beside(measured, metric) {
  const [low, high] = measured.intervals?.[metric] ?? [];
  const guess = measured.baseline?.[metric];
  return [low !== undefined && `${number(low)} to ${number(high)}`, guess !== undefined && `a guess: ${number(guess)}`].filter(Boolean).join("; ");
}
