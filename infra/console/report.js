/** The report of a version, in a frame that runs no scripts. */

import { ask, get, onEnd, SignedOut } from "./api.js";
import { deciding, pointsOf } from "./deciding.js";
import { el, entitle } from "./dom.js";
import { compareLink, decoded, linkTo } from "./places.js";
import { problemBox } from "./problems.js";
import { session } from "./session.js";
import { showSignIn } from "./signin.js";

const main = document.getElementById("main");
/** What is asked of who is not signed in. */
const REASON = "Sign in to see the report.";
/** How many other versions it is compared with. */
const OTHERS = 100;
/** How long until a report that is still being drawn is asked for again (ms). */
const AGAIN = 1000;

async function show() {
  const [model = "", version = ""] = decoded(location.hash.slice(1).split("/")) ?? [];
  document.getElementById("back").href = `../${linkTo(model, version)}`;
  entitle(`Report of version ${version} of ${model}`);
  if (!session()) return showSignIn(main, REASON, show);
  try {
    const answer = await ask(`/v1/models/${encodeURIComponent(model)}/versions/${encodeURIComponent(version)}/report`, { headers: { Accept: "text/html" } });
    const html = await answer.text(), points = pointsOf(html);
    // No script runs in it; of this origin it is so that it can be printed from here.
    const frame = el("iframe", { sandbox: "allow-same-origin allow-modals", title: `Report of version ${version} of ${model}` });
    frame.srcdoc = html;
    main.replaceChildren(...[tools(model, Number(version), frame), points && deciding(points), frame].filter(Boolean));
  } catch (error) {
    if (error instanceof SignedOut) return;
    // It is drawn after the version is made, and each answer was waited for.
    if (error.status === 503) {
      main.replaceChildren(el("p", { role: "status" }, "The report is being drawn, or the service is busy…"));
      return setTimeout(show, AGAIN);
    }
    const missing = error.status === 404 && el("p", { class: "hint" }, "A report is made while a version is trained; older versions have none.");
    main.replaceChildren(...[problemBox(error), missing].filter(Boolean));
  }
}

/** What can be done with the report. */
function tools(model, version, frame) {
  const others = el("select", { name: "other", "aria-label": "Compare with" }, el("option", { value: "" }, "Compare with…"));
  others.addEventListener("change", () => { if (others.value) location.href = `../${compareLink(model, [version, Number(others.value)].sort((one, other) => one - other))}`; });
  get(`/v1/models/${encodeURIComponent(model)}/versions?limit=${OTHERS}`).then(({ versions }) => others.append(...versions.filter((one) => one.version !== version)
    .map((one) => el("option", { value: String(one.version) }, `Version ${one.version}`)))).catch(() => {});
  return el("div", { class: "actions tools" }, el("button", { type: "button", class: "quiet", onclick: () => frame.contentWindow.print() }, "Print"), others);
}

onEnd((reason) => showSignIn(main, reason, show));
addEventListener("hashchange", show);
show();
