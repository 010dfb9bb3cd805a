/** Where a version comes from, and when it was live. */

import { card, el, facts } from "./dom.js";
import { duration, moment } from "./format.js";
import { taskLink } from "./places.js";

const UNKNOWN = "not kept by the release that stored it";

/** For whom a version was made; empty where that was not kept. */
export const madeFor = ({ imported, lineage }) => imported?.who ?? lineage?.who ?? "";

export function lineageCard(version) {
  const { lineage, imported } = version;
  const code = lineage?.code;
  return card("Where it comes from", facts([
    ["Made", moment(version.created_at)],
    ["Took", duration(version.seconds)],
    ...(imported ? [["Imported", `from ${imported.source} by ${imported.who}`]] : [["For", lineage ? lineage.who : UNKNOWN]]),
    ...(version.task ? [["Task", el("a", { href: taskLink(version.task) }, imported ? "its import" : "its train")]] : []),
    ...(lineage?.request_id ? [["Request", el("code", {}, lineage.request_id)]] : []),
    ["Live", periods(version.current_periods)],
    ["Data", version.fingerprint ? el("code", { title: version.fingerprint }, version.fingerprint.slice(0, 12)) : "not known here"],
    ["Estimator", version.estimator],
    ...(code ? [["Its package", code.package ? `${code.package} ${code.version ?? ""}` : "none: a file"], ["This service", code.service ?? "unknown"]] : []),
    ...(code?.source_sha256 ? [["Its module", el("code", { title: code.source_sha256 }, code.source_sha256.slice(0, 12))]] : []),
  ]), lineage && el("p", { class: "hint" }, Object.entries(lineage.packages).map(([name, said]) => `${name} ${said}`).join(" · ")));
}

export function paramsCard(version) {
  const given = new Set(Object.keys(version.params ?? {}));
  const used = { ...version.params, ...version.params_used };
  const pairs = Object.entries(used).map(([name, value]) => [given.has(name) ? `${name} (given)` : name, typeof value === "object" ? JSON.stringify(value) : String(value)]);
  return card("Parameters", pairs.length ? facts(pairs) : el("p", { class: "hint" }, "The defaults of the estimator."));
}

function periods(found) {
  if (found === null) return UNKNOWN;
  if (!found.length) return "never";
  return el("ul", { class: "names" }, ...found.map(({ from, to }) => el("li", {}, `${from ? `from ${moment(from)}` : "before it was kept"}${to ? ` to ${moment(to)}` : " until now"}`)));
}
