/** The sign-in. */

import { Problem, signIn } from "./api.js";
import { el, field } from "./dom.js";
import { at, workingForm } from "./problems.js";
import { lastName } from "./session.js";

/** @param {HTMLElement} main @param {string} reason why it is asked for again @param {() => void} done */
export function showSignIn(main, reason, done) {
  const name = el("input", { name: "name", required: true, autocomplete: "username", autocapitalize: "none", spellcheck: "false" });
  const password = el("input", { name: "password", type: "password", required: true, autocomplete: "current-password" });
  const form = workingForm("Sign in", [field("Name", name), field("Password", password)], async () => {
    try {
      await signIn(name.value, password.value);
    } catch (error) {
      password.value = "";
      const said = error instanceof Problem && error.status === 401
        ? new Problem(401, { title: "You are not signed in", detail: `${error.message}: check both and try again.` }) : error;
      throw at(password, said);
    }
    done();
  });
  main.replaceChildren(el("div", { class: "sign-in card" },
    el("h1", { tabindex: "-1" }, "Sign in"),
    el("p", { class: "lead" }, "Train models, estimate, and see it run."),
    reason && el("p", { class: "note", role: "status" }, reason),
    form,
    el("p", { class: "hint" }, "The first account is ", el("code", {}, "admin"), "; ", el("code", {}, "mlservice up"), " says where its password lies, and has a link that signs in once.")));
  name.value = lastName();
  (name.value ? password : name).focus();
}
