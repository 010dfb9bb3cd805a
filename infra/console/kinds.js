/** The kinds of work, by one word each, wherever they are named. */

/** @type {Record<string, string>} */
export const KINDS = { init: "Upload", train: "Train", estimate: "Predict" };

/** @param {string} kind as the API names it */
export const kindName = (kind) => KINDS[kind] ?? kind;

/** What a task is about. @param {{kind: string, model: string}} task */
export const workName = (task) => `${kindName(task.kind)} ${task.model}`;
