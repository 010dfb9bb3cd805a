/** The console: which page is shown, and who is signed in. */

import { onEnd, renew, signInByLink, signOut } from "./api.js";
import { onReturn } from "./connection.js";
import { crumbs, el, entitle } from "./dom.js";
import { fetchAhead, isBroken, pageAt } from "./pages.js";
import { listen } from "./palette.js";
import { decoded, ENTERING, modelsLink, overviewLink } from "./places.js";
import { problemBox } from "./problems.js";
import { close, ENDED, may, onChange, session, watchEnd } from "./session.js";
import { showSignIn } from "./signin.js";

/** Statuses of answers that a later try may change. */
const PASSING = new Set([0, 429, 502, 503, 504]);
/** How long the page before stays while the next is not there (ms). */
const SLOW = 250;
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
  const page = pageAt(place()), params = page && decoded(page.params);
  entitle(params ? page.title : "Not found");
  main.setAttribute("aria-busy", "true");
  failed = false;
  const former = main.firstChild;
  const slow = setTimeout(() => { if (main.firstChild === former) main.replaceChildren(skeleton(page?.title ?? "")); }, SLOW);
  try {
    if (params) await page.show(main, params, signal);
    else main.replaceChildren(crumbs(["Models", modelsLink]), el("h1", { tabindex: "-1" }, "There is no such page"));
  } catch (error) {
    clearTimeout(slow);
    if (signal.aborted || !session()) return;
    failed = PASSING.has(error.status);
    const again = failed && el("button", { type: "button", class: "quiet", onclick: showAgain }, "Try again");
    main.replaceChildren(crumbs(["Models", modelsLink]), el("h1", { tabindex: "-1" }, page.title), problemBox(error), ...[again].filter(Boolean));
  }
  clearTimeout(slow);
  if (signal.aborted) return;
  main.removeAttribute("aria-busy");
  if (focus) main.querySelector("h1")?.focus();
  fetchAhead();
}

/** The page could not be shown, because the service was away. */
function showAgain() {
  if (isBroken()) location.reload();
  else show();
}

/** What stands where a page will be that takes a moment. @param {string} title */
function skeleton(title) {
  return el("div", { class: "skeleton" }, el("h1", {}, title), ...[0, 1].map(() => el("div", { class: "card" }, el("p", {}), el("p", {}), el("p", {}))));
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
onReturn(() => { if (failed && who) showAgain(); });
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
