/** What a report holds for the page around it. */

/** What it holds by that name, or null. @param {string} html of a report @param {string} name */
export function held(html, name) {
  // The report's own style is nothing for this page, whose policy would tell of each of its attributes.
  const [element] = html.match(new RegExp(`<div hidden id="${name}" data-held="[^"]*"></div>`)) ?? [];
  return element ? JSON.parse(new DOMParser().parseFromString(element, "text/html").getElementById(name).dataset.held) : null;
}
