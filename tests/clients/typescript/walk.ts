// The walk of ../walk.py with openapi-fetch and the types that openapi-typescript makes: `node walk.js URL MODEL`.

import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

const WAIT = { Prefer: "wait=60" };
const ROWS = [
  [3, "a", true, null],
  [150.5, "b", false, 75.25],
];
const OPTIONS = { problem: "regression" };
const PARAMS = { num_iterations: 20, metric: ["rmse", "mae"] };

function table() {
  return Array.from({ length: 200 }, (_, x) => ({
    x,
    kind: "ab"[x % 2],
    flag: x % 3 === 0,
    gap: x % 5 ? 0.5 * x : null,
    y: 2 * x,
  }));
}

function done<T>(answer: { data?: T; error?: unknown }): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

async function main(baseUrl: string, model: string) {
  const login = Buffer.from(`admin:${process.env.PASSWORD}`).toString("base64");
  const basic = createClient<paths>({ baseUrl, headers: { Authorization: `Basic ${login}` } });
  const token = done(await basic.POST("/v1/token"));
  const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token.access_token}` } });

  const path = { model };
  const initialised = done(
    await client.POST("/v1/models/{model}/init", {
      params: { path, query: { target: "y", options: JSON.stringify(OPTIONS) }, header: WAIT },
      body: { rows: table() },
    }),
  );
  const accepted = done(
    await client.POST("/v1/models/{model}/train", {
      params: { path },
      body: { params: PARAMS, promote: "always" },
    }),
  );
  if (!("id" in accepted)) throw new Error("the train is not accepted, but done");
  const handle = { handle: accepted.id };
  const task = done(await client.GET("/v1/tasks/{handle}", { params: { path: handle, header: WAIT } }));
  const trained = done(await client.GET("/v1/tasks/{handle}/result", { params: { path: handle } }));
  const stream = done(
    await client.GET("/v1/tasks/{handle}/events", { params: { path: handle }, parseAs: "text" }),
  );
  const estimate = (model: string) =>
    client.POST("/v1/models/{model}/estimate", {
      params: { path: { model }, query: { explain: true }, header: WAIT },
      body: { rows: ROWS },
    });
  const found = done(await estimate(model));
  const missing = await estimate("missing");

  // Each may come in another form, or later: the types leave it open.
  if (typeof trained === "string" || typeof found === "string") throw new Error("not in JSON");
  if (!("rows" in initialised && "version" in trained && "predictions" in found)) throw new Error("not in time");
  console.log(
    JSON.stringify({
      rows: initialised.rows,
      accepted: accepted.state,
      state: task.state,
      version: trained.version,
      events: Array.from(stream.matchAll(/^event: (.*)$/gm), (found) => found[1]),
      predictions: found.predictions,
      raw: found.raw,
      contributions: found.contributions,
      refused: missing.error?.type,
    }),
  );
}

await main(process.argv[2]!, process.argv[3]!);
