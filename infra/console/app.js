/** The console: which page is shown, and who is signed in. */

import { showAccount, showAdmin } from "./admin.js";
import { onEnd, renew, signInByLink, signOut } from "./api.js";
import { showComparison } from "./compare.js";
import { onReturn } from "./connection.js";
import { showDead } from "./dead.js";
import { crumbs, el, entitle } from "./dom.js";
import { showModel } from "./model.js";
import { showModels } from "./models.js";
import { showOverview } from "./overview.js";
import { listen } from "./palette.js";
import { decoded, ENTERING, modelsLink, overviewLink } from "./places.js";
import { problemBox } from "./problems.js";
import { showQueues } from "./queues.js";
import { close, ENDED, may, onChange, session, watchEnd } from "./session.js";
import { showSignIn } from "./signin.js";
import { showTask } from "./task.js";
import { showTasks } from "./tasks.js";
import { showTry } from "./trying.js";
import { showVersion } from "./version.js";
import { showWebhook, showWebhooks } from "./webhooks.js";
import { showWork } from "./work.js";

/** @type {Array<[RegExp, string, (main: HTMLElement, params: string[], signal: AbortSignal) => Promise<void>]>} */
const PAGES = [
  [/^#\/overview$/, "Overview", showOverview],
  [/^#\/models$/, "Models", showModels],
  [/^#\/models\/([^/]+)(?:\/(data|versions|activity|api|settings))?$/, "Model", showModel],
  [/^#\/models\/([^/]+)\/(\d+)$/, "Version", showVersion],
  [/^#\/models\/([^/]+)\/compare\/(\d+(?:-\d+)+)$/, "Compare", showComparison],
  [/^#\/models\/([^/]+)\/try(?:\/(\d+))?$/, "Try it", showTry],
  [/^#\/new(?:\/(init|train|estimate)(?:\/([^/]+)(?:\/(replace))?)?)?$/, "New work", showWork],
  [/^#\/tasks(?:\?(.*))?$/, "Tasks", showTasks],
  [/^#\/tasks\/([^/]+)$/, "Task", showTask],
  [/^#\/dead$/, "Failed for good", showDead],
  [/^#\/queues$/, "Queues", showQueues],
  [/^#\/admin$/, "Admin", showAdmin],
  [/^#\/admin\/([^/]+)$/, "Account", showAccount],
  [/^#\/webhooks$/, "Webhooks", showWebhooks],
  [/^#\/webhooks\/([^/]+)$/, "Webhook", showWebhook],
];
/** Statuses of answers that a later try may change. */
const PASSING = new Set([0, 429, 502, 503, 504]);
const main = document.getElementById("main");
const flower = document.getElementById("flower");
const webhooks = document.getElementById("webhooks");
const admin = document.getElementById("admin");
const overview = document.getElementById("overview");
let shown = new AbortController();
let timer;
/** Who is signed in, as the page shows it. */
let who = null;
/** A form that somebody was filling in when the sign-in ended. @type {{name: string, place: string, title: string, nodes: Node[]}|null} */
let aside = null;
/** Whether the page could not be shown because the service was away. */
let failed = false;
const USED = "The link was used already, or is too old: sign in with the password.";

/** Where this is; without an address, at the overview or the models. */
const place = () => location.hash || (may("monitor") ? overviewLink : modelsLink);

function frame() {
  who = session()?.name ?? null;
  document.getElementById("nav").hidden = document.getElementById("account").hidden = !who;
  flower.hidden = !may("monitor");
  webhooks.hidden = !may("tasks:read");
  admin.hidden = !may("admin");
  overview.hidden = !may("monitor");
  document.getElementById("version").textContent = session()?.version ? `mlservice ${session().version}` : "";
  document.getElementById("who").textContent = who ?? "";
  for (const link of document.querySelectorAll("#nav a")) {
    const here = place().startsWith(link.getAttribute("href"));
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  clearTimeout(timer);
  timer = watchEnd(() => { if (!session()) end(ENDED); });
}

async function show({ focus = true } = {}) {
  shown.abort();
  shown = new AbortController();
  const { signal } = shown;
  const ended = who && !session();
  frame();
  const [, code] = ENTERING.exec(location.hash) ?? [];
  if (code) return await entered(code) && show();
  if (!who) return leave(ended ? ENDED : "");
  const [page, params] = find(place());
  entitle(page?.[1] ?? "Not found");
  main.setAttribute("aria-busy", "true");
  failed = false;
  try {
    if (page) await page[2](main, params, signal);
    else main.replaceChildren(crumbs(["Models", modelsLink]), el("h1", { tabindex: "-1" }, "There is no such page"));
  } catch (error) {
    if (signal.aborted || !session()) return;
    failed = PASSING.has(error.status);
    const again = failed && el("button", { type: "button", class: "quiet", onclick: () => show() }, "Try again");
    main.replaceChildren(crumbs(["Models", modelsLink]), el("h1", { tabindex: "-1" }, page[1]), problemBox(error), ...[again].filter(Boolean));
  }
  if (signal.aborted) return;
  main.removeAttribute("aria-busy");
  if (focus) main.querySelector("h1")?.focus();
}

/** Whether the link signed in; its code is nothing to be kept. */
async function entered(code) {
  history.replaceState(null, "", location.pathname);
  try {
    await signInByLink(decodeURIComponent(code));
    return true;
  } catch (error) {
    if (!session()) leave(error.status === 401 ? USED : error.message);
    return Boolean(session());
  }
}

function find(hash) {
  for (const page of PAGES) {
    const found = page[0].exec(hash);
    const params = found && decoded(found.slice(1));
    if (params) return [page, params];
  }
  return [null, []];
}

/** Ask to sign in. @param {string} reason why it is asked for again */
function leave(reason) {
  shown.abort();
  close();
  frame();
  main.removeAttribute("aria-busy");
  entitle("Sign in");
  showSignIn(main, reason, enter);
}

/** The sign-in ended by itself: what is in a form is kept. */
function end(reason) {
  // Several answers may say so.
  if (!who) return;
  aside = main.querySelector("form") ? { name: who, place: place(), title: document.title, nodes: [...main.childNodes] } : null;
  leave(reason);
}

function enter() {
  const kept = aside;
  aside = null;
  if (kept?.name !== session()?.name || kept?.place !== place()) return show();
  frame();
  document.title = kept.title;
  main.replaceChildren(...kept.nodes);
  main.querySelector("h1").focus();
}

onEnd(end);
listen(document.getElementById("go"));
onReturn(() => { if (failed && who) show(); });
addEventListener("hashchange", () => {
  // The skip link is no page.
  if (location.hash === "#main") history.replaceState(null, "", modelsLink);
  else show();
});
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
onChange(() => {
  if (who && !session()) leave("You are signed out.");
  else if (!who && session()) enter();
});
for (const sign of ["pointerdown", "keydown"]) addEventListener(sign, () => { if (who) renew().catch(() => {}); }, { passive: true });
document.getElementById("sign-out").addEventListener("click", async () => {
  await signOut().catch(() => {});
  aside = null;
  leave("You are signed out.");
});
show({ focus: false });
