/** The console: which page is shown, and who is signed in. */

import { endToken, onEnd } from "./api.js";
import { el } from "./dom.js";
import { crumbs, showModel, showModels, showVersion } from "./models.js";
import { problemBox } from "./problems.js";
import { showQueues } from "./queues.js";
import { close, session, watchEnd } from "./session.js";
import { showSignIn } from "./signin.js";
import { showTask } from "./task.js";
import { showTasks } from "./tasks.js";
import { showWork } from "./work.js";

/** @type {Array<[RegExp, string, (main: HTMLElement, params: string[], signal: AbortSignal) => Promise<void>]>} */
const PAGES = [
  [/^#\/models$/, "Models", showModels],
  [/^#\/models\/([^/]+)$/, "Model", showModel],
  [/^#\/models\/([^/]+)\/(\d+)$/, "Version", showVersion],
  [/^#\/new(?:\/(init|train|estimate)(?:\/([^/]+))?)?$/, "New work", showWork],
  [/^#\/tasks$/, "Tasks", showTasks],
  [/^#\/tasks\/([^/]+)$/, "Task", showTask],
  [/^#\/queues$/, "Queues", showQueues],
];
const main = document.getElementById("main");
let shown = new AbortController();
let timer;

function frame() {
  const who = session();
  document.getElementById("nav").hidden = document.getElementById("account").hidden = !who;
  document.getElementById("who").textContent = who?.name ?? "";
  for (const link of document.querySelectorAll("#nav a")) {
    const here = location.hash.startsWith(link.getAttribute("href"));
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  clearTimeout(timer);
  timer = watchEnd(() => { if (!session()) leave("Your sign-in has ended. Sign in again to go on."); });
}

async function show({ focus = true } = {}) {
  shown.abort();
  shown = new AbortController();
  const { signal } = shown;
  frame();
  if (!session()) return leave("");
  const [page, params] = find(location.hash || "#/models");
  document.title = `${page?.[1] ?? "Not found"} · mlservice`;
  main.setAttribute("aria-busy", "true");
  try {
    if (page) await page[2](main, params, signal);
    else main.replaceChildren(el("h1", { tabindex: "-1" }, "There is no such page"), crumbs(["Models", "#/models"]));
  } catch (error) {
    if (signal.aborted || !session()) return;
    main.replaceChildren(el("h1", { tabindex: "-1" }, page[1]), problemBox(error), crumbs(["Models", "#/models"]));
  }
  if (signal.aborted) return;
  main.removeAttribute("aria-busy");
  if (focus) main.querySelector("h1")?.focus();
}

function find(hash) {
  for (const page of PAGES) {
    const found = page[0].exec(hash);
    if (found) return [page, found.slice(1).map((part) => part && decodeURIComponent(part))];
  }
  return [null, []];
}

/** @param {string} reason */
function leave(reason) {
  shown.abort();
  close();
  frame();
  main.removeAttribute("aria-busy");
  document.title = "Sign in · mlservice";
  showSignIn(main, reason, () => show());
}

onEnd(leave);
addEventListener("hashchange", () => {
  // The skip link is no page.
  if (location.hash === "#main") history.replaceState(null, "", "#/models");
  else show();
});
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
document.getElementById("sign-out").addEventListener("click", async () => {
  await endToken().catch(() => {});
  leave("You are signed out.");
});
show({ focus: false });
