/** Files that the service would refuse are refused before they are sent. */

import { bytes, number } from "./format.js";
import { at } from "./problems.js";
import { session } from "./session.js";

/** @param {File|undefined} file @param {HTMLElement} input that it was chosen by */
export function checkSize(file, input) {
  const most = session()?.mostBytes;
  if (file && most && file.size > most) {
    const [has, may] = [file.size, most].map(bytes(file.size) === bytes(most) ? (size) => `${number(size)} bytes` : bytes);
    throw at(input, new Error(`The file has ${has}, and the service takes at most ${may} at a time: compress it (gzip, zstd), split it, or have it read from a data source.`));
  }
}
