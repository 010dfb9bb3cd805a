/** What administrators see and change: accounts, tokens, keys, settings. */

import { ask, get } from "./api.js";
import { newPassword, scopeFields, scopesOf } from "./accounts.js";
import { announce, card, crumbs, el, entitle, facts, field, table, tick } from "./dom.js";
import { copyable } from "./copying.js";
import { VERBATIM } from "./forms.js";
import { duration, moment, number } from "./format.js";
import { adminLink, modelsLink } from "./places.js";
import { showProblem, singly, workingForm } from "./problems.js";
import { session } from "./session.js";
import { toast } from "./toast.js";

const JSON_TYPE = { "Content-Type": "application/json" };
/** How many accounts are asked for at a time. */
const PAGE = 100;
/** The limits of a quota, and what each means. */
const LIMITS = { requests_per_second: "Requests a second", bytes_per_second: "Bytes a second", rows_per_second: "Rows a second", queued_items: "Unfinished tasks" };

const accountLink = (name) => `${adminLink}/${encodeURIComponent(name)}`;
const pathOf = (name) => `/v1/accounts/${encodeURIComponent(name)}`;

export async function showAdmin(main, _, signal) {
  if (!session()?.scopes.includes("admin")) {
    return main.replaceChildren(el("h1", { tabindex: "-1" }, "Admin"), card("", el("p", {}, "This is for accounts with the scope admin."), el("p", {}, el("a", { href: modelsLink }, "Your models"), " are here.")));
  }
  const [keys, { settings }] = await Promise.all([keysCard(signal), get("/v1/settings", signal)]);
  main.replaceChildren(el("div", { class: "head" }, el("h1", { tabindex: "-1" }, "Admin")),
    await accountsCard(signal), keys,
    card("Webhooks", el("p", {}, el("a", { href: "#/webhooks" }, "Who is told what happens"), ", of all accounts, with what became of each message.")),
    settingsCard(settings));
}

async function accountsCard(signal) {
  const list = el("ul", { class: "list" }), wrong = el("div", {});
  let place = `/v1/accounts?limit=${PAGE}`;
  const more = async () => {
    const page = await get(place, signal);
    list.append(...page.accounts.map(line));
    place = page.next;
    button.hidden = !place;
  };
  const button = el("button", { type: "button", class: "quiet", onclick: () => singly(button, () => more().catch((error) => showProblem(wrong, error))) }, "Show more");
  await more();
  return card("Accounts", list, wrong, el("div", { class: "actions" }, button), el("details", {}, el("summary", {}, "Add an account"), addForm()));
}

function line(account) {
  return el("li", {}, el("a", { href: accountLink(account.name) },
    el("span", { class: "about" }, el("strong", {}, account.name), el("span", { class: "hint" }, account.scopes.join(", "))),
    el("span", { class: "more" }, account.unfinished ? `${number(account.unfinished)} unfinished` : ""),
    account.disabled ? el("span", { class: "badge bad" }, "disabled") : account.outside ? el("span", { class: "badge" }, "outside") : ""));
}

function addForm() {
  const name = el("input", { name: "name", required: true, pattern: "[A-Za-z0-9._\\-]{1,64}|oidc:[!-~]{1,200}", title: "letters, digits, ., _ and -, at most 64", ...VERBATIM });
  const told = el("div", {});
  const form = workingForm("Add", [field("Name", name, "Letters, digits, '.', '_' and '-'. Its password is made here and shown once."), ...scopeFields(["estimate", "tasks:read"])], async (data) => {
    const body = JSON.stringify({ name: data.get("name"), scopes: scopesOf(form) });
    const made = await (await ask("/v1/accounts", { method: "POST", headers: JSON_TYPE, body })).json();
    told.replaceChildren(once(`The account ${made.name} is made.`, made.password, "password"), el("p", {}, el("a", { href: accountLink(made.name) }, "Look at it")));
    announce(`The account ${made.name} is made`);
    form.reset();
  });
  return el("div", {}, form, told);
}

/** Something that is shown once. */
function once(said, secret, what) {
  return el("div", { class: "note", role: "status" }, el("p", {}, said, secret && ` Its ${what} is shown this once:`), secret && copyable(secret, what));
}

async function keysCard(signal) {
  const { keys } = await get("/v1/keys", signal);
  const place = el("div", {}), wrong = el("div", {});
  const show = (found) => place.replaceChildren(table("Keys that sign tokens", ["Key", "Algorithm", "Since", "Honoured until"], found.map((key) =>
    [el("span", {}, el("code", {}, key.kid), key.signs && el("span", { class: "badge good" }, "signs")), key.algorithm, moment(key.created_at), key.ends_at ? moment(key.ends_at) : "as long as it signs"])));
  const rotate = el("button", { type: "button", class: "quiet", onclick: () => singly(rotate, async () => {
    wrong.replaceChildren();
    try {
      show((await (await ask("/v1/keys", { method: "POST" })).json()).keys);
      toast("A new key signs now; the old one is honoured until its tokens have ended");
    } catch (error) {
      showProblem(wrong, error);
    }
  }) }, "Sign with a new key");
  show(keys);
  return card("Keys", place, wrong, el("div", { class: "actions" }, rotate));
}

function settingsCard(settings) {
  const find = el("input", { type: "search", "aria-label": "Find a setting", placeholder: "find", ...VERBATIM }), all = tick("All", "all", "Also those that are as they come.");
  const place = el("div", {});
  const draw = () => {
    const words = find.value.toLowerCase(), every = all.querySelector("input").checked || words;
    const found = settings.filter((one) => (every || one.value !== one.default) && `${one.variable} ${one.about}`.toLowerCase().includes(words));
    place.replaceChildren(found.length ? el("ul", { class: "settings", "aria-label": "Settings" }, ...found.map((one) => el("li", {}, el("code", {}, one.variable), el("span", {}, one.value || "empty"),
      el("span", { class: "hint" }, `${one.value === one.default ? "" : `As it comes: ${one.default || "empty"}. `}${one.about}`)))) : el("p", { class: "hint" }, words ? "There is no such setting." : "All are as they come."));
  };
  find.addEventListener("input", draw);
  all.addEventListener("change", draw);
  draw();
  return card("Settings", el("p", { class: "hint" }, "As the gateway that answers was told. They are changed where the service is started; secrets are not shown."), el("div", { class: "pair" }, find, all), place);
}

export async function showAccount(main, [name], signal) {
  const account = await get(pathOf(name), signal);
  entitle(name);
  const told = el("div", {}), wrong = el("div", {}), own = name === session()?.name;
  const again = async () => { await showAccount(main, [name], signal); main.querySelector("h1").focus(); };
  const change = async (said) => { await ask(pathOf(name), { method: "PATCH", headers: JSON_TYPE, body: JSON.stringify(said) }); await again(); };
  const save = async (said, what) => { await ask(pathOf(name), { method: "PATCH", headers: JSON_TYPE, body: JSON.stringify(said) }); toast(`${what} of ${name} saved`); };
  const attempt = (button, work) => singly(button, async () => {
    told.replaceChildren();
    wrong.replaceChildren();
    await work().catch((error) => showProblem(wrong, error));
  });
  const button = (text, work, kind = "quiet") => { const one = el("button", { type: "button", class: kind, onclick: () => attempt(one, work) }, text); return one; };
  const token = async () => {
    const made = await (await ask(`${pathOf(name)}/tokens`, { method: "POST" })).json();
    told.replaceChildren(once(`A token with all scopes of ${name}, for ${duration(made.expires_in)}.`, made.access_token, "token"));
  };
  const password = async () => {
    const made = newPassword();
    await ask(pathOf(name), { method: "PATCH", headers: JSON_TYPE, body: JSON.stringify({ password: made }) });
    told.replaceChildren(once("It has another password, and its tokens have ended.", made, "password"));
  };
  const endTokens = async () => { await ask(`${pathOf(name)}/tokens`, { method: "DELETE" }); toast(`All tokens of ${name} have ended`); };
  const remove = async () => { await ask(pathOf(name), { method: "DELETE" }); location.hash = adminLink; toast(`The account ${name} is removed`); };
  const able = async () => { await change({ disabled: !account.disabled }); toast(account.disabled ? `${name} may call again` : `${name} is disabled`, { undo: () => change({ disabled: account.disabled }) }); };
  main.replaceChildren(crumbs(["Admin", adminLink]),
    el("div", { class: "head" }, el("h1", { tabindex: "-1" }, name, account.disabled && el("span", { class: "badge bad" }, "disabled")),
      el("div", { class: "actions" }, !account.outside && button("Make a token", token), !own && button(account.disabled ? "Enable" : "Disable", able))),
    wrong, told,
    card("", facts([["Since", moment(account.created_at)], ["Known by", account.outside ? "the outside issuer" : "a password here"], ["Unfinished tasks", el("a", { href: `#/tasks?owner=${encodeURIComponent(name)}` }, number(account.unfinished))]])),
    card("Scopes", scopesForm(account, save)), card("Quota", quotaForm(account, save)),
    card("Sign-in", el("p", { class: "hint" }, "Another password ends all tokens and browsers of the account; so does ending its tokens, and it keeps its password."),
      el("div", { class: "actions" }, !account.outside && button("Make another password", password), button("End all tokens", endTokens))),
    own ? "" : card("", el("details", {}, el("summary", {}, `Remove ${name}`), el("p", { class: "hint" }, "It may not call any more. Its work and its models stay."), button("Remove for good", remove, "danger"))));
}

function scopesForm(account, save) {
  const form = workingForm("Save the scopes", scopeFields(account.scopes), () => save({ scopes: scopesOf(form) }, "Scopes"));
  return form;
}

function quotaForm(account, save) {
  const fields = Object.entries(LIMITS).map(([limit, label]) => {
    const own = account.limits[limit];
    const said = account.quota[limit];
    return field(label, el("input", { name: limit, type: "number", min: "0", step: "1", value: own ?? null, placeholder: own === undefined ? (said ? `${said} (as the settings say)` : "any number") : null }));
  });
  return workingForm("Save the quota", [...fields, el("p", { class: "hint" }, "0 is any number; empty is what the settings say.")], (data) =>
    save({ limits: Object.fromEntries(Object.keys(LIMITS).map((limit) => [limit, data.get(limit) === "" ? null : Number(data.get(limit))])) }, "Quota"));
}
