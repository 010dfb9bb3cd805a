/** The pages by their addresses. Each is fetched when it is first shown; all of them once somebody is signed in and nothing else is done. */

import { Problem } from "./api.js";

/** Modules that could not be fetched, which the browser does not ask for again before the page is loaded anew. */
let broken = false;

/** @param {string} module @param {string} show its function that shows the page */
function page(module, show) {
  return { module, show: async (...args) => (await fetched(module))[show](...args) };
}

/** @type {Array<[RegExp, string, ReturnType<typeof page>]>} */
const PAGES = [
  [/^#\/overview$/, "Overview", page("overview", "showOverview")],
  [/^#\/models$/, "Models", page("models", "showModels")],
  [/^#\/models\/([^/]+)(?:\/(data|versions|activity|api|settings))?$/, "Model", page("model", "showModel")],
  [/^#\/models\/([^/]+)\/(\d+)$/, "Version", page("version", "showVersion")],
  [/^#\/models\/([^/]+)\/compare\/(\d+(?:-\d+)+)$/, "Compare", page("compare", "showComparison")],
  [/^#\/models\/([^/]+)\/try(?:\/(\d+))?$/, "Try it", page("trying", "showTry")],
  [/^#\/new(?:\/(init|train|estimate)(?:\/([^/]+)(?:\/(replace|again\/[^/]+))?)?)?$/, "New work", page("work", "showWork")],
  [/^#\/tasks(?:\?(.*))?$/, "Tasks", page("tasks", "showTasks")],
  [/^#\/tasks\/([^/]+)$/, "Task", page("task", "showTask")],
  [/^#\/dead$/, "Failed for good", page("dead", "showDead")],
  [/^#\/queues$/, "Queues", page("queues", "showQueues")],
  [/^#\/admin$/, "Admin", page("admin", "showAdmin")],
  [/^#\/admin\/([^/]+)$/, "Account", page("admin", "showAccount")],
  [/^#\/webhooks$/, "Webhooks", page("webhooks", "showWebhooks")],
  [/^#\/webhooks\/([^/]+)$/, "Webhook", page("webhooks", "showWebhook")],
];

/** What is at an address: its title, and how it is shown; or null. @param {string} hash */
export function pageAt(hash) {
  for (const [address, title, { show }] of PAGES) {
    const found = address.exec(hash);
    if (found) return { title, show, params: found.slice(1) };
  }
  return null;
}

/** Have the other pages at hand before they are asked for, also while the service is away. */
export function fetchAhead() {
  const later = globalThis.requestIdleCallback ?? ((act) => setTimeout(act, 1000));
  later(() => { for (const [, , { module }] of PAGES) fetched(module).catch(() => {}); });
}

/** Whether only a page that is loaded anew has all modules. */
export const isBroken = () => broken;

async function fetched(module) {
  try {
    return await import(`./${module}.js`);
  } catch {
    broken = true;
    throw new Problem(0, { title: "No connection", detail: "This page could not be fetched: check the network and load it anew." });
  }
}
