/** What is known of metrics. */

import { number } from "./format.js";

/** Of which more is better; `GROWING` in tasks/estimators/metrics.py is the same. */
const GROWING = new Set(["auc", "auc_mu", "roc_auc", "average_precision", "ndcg", "map", "accuracy", "balanced_accuracy", "precision", "recall", "f1", "r2"]);
/** Of which less is better. */
const FALLING = new Set(["rmse", "mse", "mae", "mape", "pinball", "log_loss", "calibration_error"]);

/** 1 if more of it is better, -1 if less is, 0 if that is not known. @param {string} metric @param {any} [version] whose fit may know */
export function direction(metric, version) {
  const [plain] = metric.split("@");
  if (GROWING.has(plain)) return 1;
  if (FALLING.has(plain)) return -1;
  const told = version?.curve?.best?.[metric]?.higher_is_better;
  return told === undefined ? 0 : told ? 1 : -1;
}

/** The versions with the best value of a metric; none where it is not known what is better, or all are alike. @param {any[]} versions @param {any} [known] one of them with its curve @returns {Set<number>} */
export function bestOf(versions, metric, known = versions[0]) {
  const measured = versions.filter(({ metrics }) => typeof metrics[metric] === "number");
  const sign = direction(metric, known);
  const values = measured.map(({ metrics }) => sign * metrics[metric]);
  const top = Math.max(...values);
  if (!sign || values.every((value) => value === top)) return new Set();
  return new Set(measured.filter((_, at) => values[at] === top).map(({ version }) => version));
}

/** The metrics that any of these has, in the order of the first. @param {any[]} versions */
export const metricsOf = (versions) => [...new Set(versions.flatMap(({ metrics }) => Object.keys(metrics)))];

/** How far off a metric may be; empty where that is not known. */
export function span(version, metric) {
  const [low, high] = version.measured?.intervals?.[metric] ?? [];
  return low === undefined ? "" : `${number(low)} to ${number(high)}`;
}

/** By how much a metric differs from that of another version, in percent. */
export function delta(version, other, metric) {
  const [now, before] = [version.metrics[metric], other?.metrics[metric]];
  if (!other || other.version === version.version || typeof now !== "number" || typeof before !== "number" || !before) return "";
  const part = ((now - before) / Math.abs(before)) * 100;
  return `${part < 0 ? "−" : "+"}${number(Number(Math.abs(part).toPrecision(2)))} %`;
}

/** Which part of the whole each column has. @param {Record<string, number>} importance @returns {Record<string, number>} */
export function shareOf(importance) {
  const sum = Object.values(importance).reduce((all, value) => all + Math.max(0, value), 0) || 1;
  return Object.fromEntries(Object.entries(importance).map(([name, value]) => [name, Math.max(0, value) / sum]));
}
