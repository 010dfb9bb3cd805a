/** The report of a version, in a frame that runs no scripts. */

import { ask } from "./api.js";
import { el } from "./dom.js";
import { problemBox } from "./problems.js";

const main = document.getElementById("main");
const [model, version] = location.hash.slice(1).split("/").map(decodeURIComponent);
document.getElementById("back").href = `/#/models/${encodeURIComponent(model)}/${version}`;

try {
  const answer = await ask(`/v1/models/${encodeURIComponent(model)}/versions/${encodeURIComponent(version)}/report`, { headers: { Accept: "text/html" } });
  const frame = el("iframe", { sandbox: true, title: `Report of version ${version} of ${model}` });
  frame.srcdoc = await answer.text();
  main.replaceChildren(frame);
  document.title = `${model} ${version} · Report · mlservice`;
} catch (error) {
  const missing = error.status === 404 && el("p", { class: "hint" }, "A report is made while a version is trained; older versions have none.");
  main.replaceChildren(...[problemBox(error), missing].filter(Boolean));
}
