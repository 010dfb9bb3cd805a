/** The report of a version, in a frame that runs no scripts. */

import { ask, onEnd, SignedOut } from "./api.js";
import { el, entitle } from "./dom.js";
import { decoded, linkTo } from "./places.js";
import { problemBox } from "./problems.js";
import { session } from "./session.js";
import { showSignIn } from "./signin.js";

const main = document.getElementById("main");
/** What is asked of who is not signed in. */
const REASON = "Sign in to see the report.";
/** How long until a report that is still being drawn is asked for again (ms). */
const AGAIN = 1000;

async function show() {
  const [model = "", version = ""] = decoded(location.hash.slice(1).split("/")) ?? [];
  document.getElementById("back").href = `../${linkTo(model, version)}`;
  entitle(`Report of version ${version} of ${model}`);
  if (!session()) return showSignIn(main, REASON, show);
  try {
    const answer = await ask(`/v1/models/${encodeURIComponent(model)}/versions/${encodeURIComponent(version)}/report`, { headers: { Accept: "text/html" } });
    const frame = el("iframe", { sandbox: true, title: `Report of version ${version} of ${model}` });
    frame.srcdoc = await answer.text();
    main.replaceChildren(frame);
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

onEnd((reason) => showSignIn(main, reason, show));
addEventListener("hashchange", show);
show();
