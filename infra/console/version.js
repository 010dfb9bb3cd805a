/** One version of a model. */

import { ask, get } from "./api.js";
import { bar } from "./bars.js";
import { curveView, hasPoints } from "./curve.js";
import { announce, card, crumbs, el, entitle, facts } from "./dom.js";
import { duration, moment, number } from "./format.js";
import { linkTo, modelsLink, reportLink, taskLink } from "./places.js";
import { findingList } from "./plan.js";
import { showProblem, singly } from "./problems.js";
import { save } from "./saving.js";
import { may } from "./session.js";

export async function showVersion(main, [name, given], signal) {
  const address = `/v1/models/${encodeURIComponent(name)}/versions/${given}`;
  const version = await get(address, signal);
  entitle(`Version ${given} of ${name}`);
  const said = el("div", {});
  const promote = el("button", { type: "button", onclick: () => singly(promote, async () => {
    try {
      await ask(`${address}/promote`, { method: "POST" });
      await showVersion(main, [name, given], signal);
      announce(`Version ${given} of ${name} is current now`);
      main.querySelector("h1").focus();
    } catch (error) {
      showProblem(said, error);
    }
  }) }, "Make it current");
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
      el("h1", { tabindex: "-1" }, `Version ${version.version}`, version.current && el("span", { class: "badge good" }, "current")),
      el("div", { class: "actions" }, !version.current && may("models:write", name) && promote,
        (may("train", name) || may("models:write", name)) && download,
        el("a", { class: "button quiet", href: reportLink(name, given) }, "Report"))),
    said,
    card("Metrics on the holdout", el("div", { class: "figures" }, ...Object.entries(version.metrics).map(([metric, value]) =>
      el("div", {}, el("span", { class: "big" }, number(value)), el("span", { class: "hint" }, metric),
        el("span", { class: "hint" }, beside(version.measured ?? {}, metric))))),
      findingList(version.findings ?? [])),
    card("Learning curve", hasPoints(version.curve) ? curve.element : el("p", { class: "hint" }, "No curve was kept of this version.")),
    card("Importance", importance(version.importance ?? {})),
    card("How it was made", facts([["Made", moment(version.created_at)], ["Took", duration(version.seconds)], ["Estimator", version.estimator],
      ...(version.task ? [["Task", el("a", { href: taskLink(version.task) }, "its train")]] : []),
      ...Object.entries(version.params ?? {}).map(([key, value]) => [key, typeof value === "object" ? JSON.stringify(value) : String(value)])])));
  if (hasPoints(version.curve)) curve.draw(version.curve);
}

/** How far off a metric may be, and what a guess without a model has. */
function beside(measured, metric) {
  const [low, high] = measured.intervals?.[metric] ?? [];
  const guess = measured.baseline?.[metric];
  return [low !== undefined && `${number(low)} to ${number(high)}`, guess !== undefined && `a guess: ${number(guess)}`].filter(Boolean).join("; ");
}

function importance(found) {
  const sorted = Object.entries(found).sort((one, other) => other[1] - one[1]);
  if (!sorted.length) return el("p", { class: "hint" }, "The estimator tells none.");
  const sum = sorted.reduce((all, [, value]) => all + Math.max(0, value), 0) || 1;
  return el("ol", { class: "bars" }, ...sorted.map(([name, value]) => {
    const part = Math.max(0, value) / sum;
    return el("li", {}, el("span", { class: "name" }, name), bar(sorted[0][1] > 0 ? value / sorted[0][1] : 0),
      el("span", { class: "number" }, `${(part * 100).toFixed(1)} %`));
  }));
}
