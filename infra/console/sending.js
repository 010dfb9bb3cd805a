/** Requests that say how much of their body is sent: `fetch` does not. */

/**
 * What takes the place of `fetch` for a body that may be large.
 * @param {(part: number) => void} progress is told what part is sent, 0 to 1
 * @returns {(url: string, options: any) => Promise<Response>}
 */
export function telling(progress) {
  return (url, { method, body, headers, signal }) => new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    request.responseType = "blob";
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", ({ loaded, total, lengthComputable }) => { if (lengthComputable) progress(loaded / total); });
    request.addEventListener("load", () => resolve(new Response(request.response, { status: request.status, headers: headersOf(request) })));
    request.addEventListener("error", () => reject(new TypeError("the connection broke")));
    request.addEventListener("abort", () => reject(signal.reason));
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    request.send(body);
  });
}

function headersOf(request) {
  const lines = request.getAllResponseHeaders().trim().split(/\r?\n/).filter(Boolean);
  return new Headers(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]));
}
