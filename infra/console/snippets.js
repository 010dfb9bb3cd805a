/** One row as the code that asks for its prediction. */

import { copyText } from "./copying.js";
import { el, field, select } from "./dom.js";
import { addressOf } from "./places.js";

const LANGUAGES = { curl: "curl", python: "Python", typescript: "TypeScript", triton: "tritonclient" };
const WRITERS = { curl, python, typescript, triton };
const HINTS = {
  curl: "TOKEN holds a token: POST v1/token with name and password gives one.",
  python: "With httpx. TOKEN holds a token: POST v1/token with name and password gives one.",
  typescript: "For Node.js 18 or later, and browsers. TOKEN holds a token.",
  triton: "By the Open Inference Protocol, with the package tritonclient[http]. TOKEN holds a token.",
};

/** The choice of a language, and the code in it. */
export class CodeView {
  /** @param {string} model @param {{version: number, current: boolean, schema: any}} version */
  constructor(model, version) {
    this.model = model;
    this.version = version;
    this.row = {};
    this.choice = select("language", LANGUAGES);
    this.choice.addEventListener("change", () => this.draw());
    this.text = el("code", {});
    this.hint = el("p", { class: "hint" });
    const copy = el("button", { type: "button", class: "quiet small", "aria-label": "Copy the code", onclick: () => copyText(this.text, copy) }, "Copy");
    this.element = el("div", {}, field("Language", this.choice), this.hint,
      el("pre", { class: "snippet", tabindex: "0", role: "region", "aria-label": "Code" }, this.text), copy);
  }

  show(row) {
    this.row = row;
    this.draw();
  }

  draw() {
    const language = this.choice.value;
    const base = new URL(addressOf("/"), location.href).href;
    this.text.textContent = WRITERS[language]({ base, model: this.model, version: this.version, row: this.row });
    this.hint.textContent = HINTS[language];
  }
}

/** The address of an estimate; the version is named where it is not the one that answers anyway. */
const address = ({ base, model, version }) =>
  `${base}v1/models/${encodeURIComponent(model)}/estimate${version.current ? "" : `?version=${version.version}`}`;

function curl(of) {
  const body = JSON.stringify({ rows: [of.row] }).replaceAll("'", "'\\''");
  return [
    `curl --fail-with-body '${address(of)}' \\`,
    `  --header "Authorization: Bearer $TOKEN" --header 'Content-Type: application/json' --header 'Prefer: wait=30' \\`,
    `  --data '${body}'`, ""].join("\n");
}

function python(of) {
  return [
    "import os", "", "import httpx", "",
    "answer = httpx.post(",
    `    ${JSON.stringify(address(of))},`,
    `    json={"rows": [${pythonValue(of.row)}]},`,
    `    headers={"Authorization": f"Bearer {os.environ['TOKEN']}", "Prefer": "wait=30"},`,
    "    timeout=60,", ")", "answer.raise_for_status()", `print(answer.json()["predictions"][0])`, ""].join("\n");
}

function typescript(of) {
  return [
    `const answer = await fetch(${JSON.stringify(address(of))}, {`,
    `  method: "POST",`,
    '  headers: { Authorization: `Bearer ${process.env.TOKEN}`, "Content-Type": "application/json", Prefer: "wait=30" },',
    `  body: JSON.stringify({ rows: [${JSON.stringify(of.row)}] }),`,
    "});", "if (!answer.ok) throw new Error(await answer.text());", "const { predictions } = await answer.json();",
    "console.log(predictions[0]);", ""].join("\n");
}

/** Each column is a tensor; a missing number is NaN, a missing text is empty, and any other that is missing has none. */
function triton({ base, model, version, row }) {
  const { host, pathname, protocol } = new URL(base);
  const columns = version.schema.columns.filter(({ name, type, format }) => row[name] !== null || (["number", "text"].includes(type) && !format));
  const missing = version.schema.columns.filter((column) => !columns.includes(column)).map(({ name }) => name);
  return [
    "import os", "", "import numpy as np", "import tritonclient.http as triton", "",
    `client = triton.InferenceServerClient(${pythonValue(host + pathname.replace(/\/$/, ""))}${protocol === "https:" ? ", ssl=True" : ""})`,
    ...(missing.length ? [`# Missing, which no tensor can say: ${missing.map((name) => JSON.stringify(name)).join(", ")}. They are left out.`] : []),
    "inputs = []", "for name, datatype, value in (",
    ...columns.map((column) => `    (${pythonValue(column.name)}, ${tensor(column, row[column.name])}),`),
    "):", "    tensor = triton.InferInput(name, [1], datatype)", "    tensor.set_data_from_numpy(np.array([value], dtype=triton.triton_to_np_dtype(datatype)))", "    inputs.append(tensor)",
    `answer = client.infer(${pythonValue(model)}, inputs, ${version.current ? "" : `model_version="${version.version}", `}headers={"Authorization": f"Bearer {os.environ['TOKEN']}"})`,
    `print(answer.as_numpy("prediction")[0])`, ""].join("\n");
}

function tensor({ type }, value) {
  if (value === null) return type === "number" ? `"FP64", np.nan` : `"BYTES", b""`;
  if (typeof value === "number") return `"FP64", ${value}`;
  return typeof value === "boolean" ? `"BOOL", ${pythonValue(value)}` : `"BYTES", ${pythonValue(value)}.encode()`;
}

/** A value as Python writes it: JSON's texts and numbers are its own. */
function pythonValue(value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object") return JSON.stringify(value);
  return `{${Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${pythonValue(one)}`).join(", ")}}`;
}
