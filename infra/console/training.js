/** The form for a train. */

import { get, submit } from "./api.js";
import { el, field, pair, select } from "./dom.js";
import { chosenModel, goTo, lane, prefill, VERBATIM } from "./forms.js";
import { modelChoice } from "./modelnames.js";
import { ParamsForm } from "./params.js";
import { workingForm } from "./problems.js";

/** @param {import("./modelnames.js").NamesOf} names of the models @param {string} model @param {AbortSignal} signal ends it @param {{asked: Record<string, any>|null}} how asked: what is filled in */
export function trainForm(names, model, signal, { asked }) {
  const params = new ParamsForm(asked?.params);
  const promote = select("promote", { if_better: "If it is better", always: "Always", never: "Never" });
  const start = presets(params);
  const fields = [...modelChoice(names, model), start.element, params.element, moreWishes(), pair(field("Make it live", promote), lane())];
  const form = workingForm("Train", fields, async (data) => {
    const body = JSON.stringify({ params: params.value(), promote: data.get("promote"), ...wished(data) });
    goTo((await submit(chosenModel(data), "train", body, "application/json", { query: { lane: data.get("lane") } })).id);
  });
  const choice = form.elements.namedItem("model");
  const follow = async () => {
    const named = choice?.value;
    const found = named && await get(`/v1/models/${encodeURIComponent(named)}`, signal).catch(() => null);
    // Another may have been chosen meanwhile.
    if (found && choice.value === named) {
      params.show(found.params_schema);
      start.show(found.params_schema);
    }
  };
  choice?.addEventListener("change", follow);
  follow();
  prefill(form, { ...asked, search: asked?.search?.seconds ?? "", trials: asked?.search?.trials ?? "" });
  return form;
}

/** Parameters by what somebody is after; others are filled in beside. */
const PRESETS = {
  quick: { text: "A quick look: 50 small trees", params: { num_iterations: 50, num_leaves: 15, learning_rate: 0.2 } },
  careful: { text: "Slow and careful: up to 2,000 trees in small steps", params: { num_iterations: 2000, learning_rate: 0.03, early_stopping_round: 100 } },
  cautious: { text: "Few rows or much noise: small trees that must agree", params: { num_leaves: 7, min_data_in_leaf: 20, lambda_l2: 5, feature_fraction: 0.8 } },
};

/** A menu of those that the estimator has all parameters for. @param {ParamsForm} params */
function presets(params) {
  const menu = select("", { "": "Its defaults" }), whole = field("Start from", menu, "Fills in the fields; what is written in them goes first.");
  menu.addEventListener("change", () => params.begin(PRESETS[menu.value]?.params ?? {}));
  whole.hidden = true;
  return { element: whole, show: (schema) => {
    const fitting = Object.entries(PRESETS).filter(([, { params: of }]) => Object.keys(of).every((name) => name in (schema?.properties ?? {})));
    menu.replaceChildren(...[["", "Its defaults"], ...fitting.map(([name, { text }]) => [name, text])].map(([value, text]) => el("option", { value }, text)));
    whole.hidden = !fitting.length;
  } };
}

/** Fields that most trains leave alone. Each has the name of what an error points at. */
function moreWishes() {
  const positive = { type: "number", step: "any", min: "0" };
  return el("details", {}, el("summary", {}, "Search, time for a row, another start"),
    pair(field("Search for", el("input", { name: "search", ...positive }), "Seconds in which better parameters are looked for; empty for no search."),
      field("Trials", el("input", { name: "trials", type: "number", step: "1", min: "1" }), "So many at most in a search; empty for as many as the time allows.")),
    pair(field("Time for a row", el("input", { name: "predict_seconds", ...positive }), "Seconds that an estimate of one row may take, such as 0.005; the model is made as small as that needs."),
      field("Go on from", el("input", { name: "from_version", ...VERBATIM }), "A version, by number or alias, whose trees stay; empty for a new start.")));
}

/** What was filled in there. @param {FormData} data */
function wished(data) {
  const number = (name) => (data.get(name) ? Number(data.get(name)) : undefined);
  const search = { seconds: number("search"), trials: number("trials") };
  const from = data.get("from_version").trim();
  return {
    search: search.seconds === undefined && search.trials === undefined ? undefined : search,
    predict_seconds: number("predict_seconds"),
    from_version: from ? (/^\d+$/.test(from) ? Number(from) : from) : undefined,
  };
}
