// HTTP as it is on the wire, without judging the answer.

import http from "node:http";
import https from "node:https";

const SILENCE_MS = 30_000;

// Where a server is, HOST:PORT or { address, tls } with Node's options for TLS.
const serverAt = (at) => (typeof at === "string" ? { address: at } : at);

// Begins a request whose body the caller writes to `request`; `answer` comes when it comes, which
// may be before the body has ended.
export function begin(at, { method = "GET", path, headers = {} }) {
  const { address, tls } = serverAt(at);
  const [host, port] = address.split(":");
  const options = { host, port, method, path, headers, agent: false, ...tls };
  const request = (tls ? https : http).request(options);
  request.setTimeout(SILENCE_MS, () =>
    request.destroy(new Error(`no answer to ${method} ${path}`)),
  );
  const answer = new Promise((resolve, reject) => {
    request.once("response", (response) => collect(response).then(resolve, reject));
    // After an answer too: a server may close on a body that it does not want.
    request.on("error", reject);
  });
  answer.catch(() => {});
  return { request, answer };
}

export async function exchange(at, { body, ...head }) {
  const headers = { ...head.headers };
  if (body !== undefined) headers["Content-Length"] ??= Buffer.byteLength(body);
  const { request, answer } = begin(at, { ...head, headers });
  request.end(body);
  return answer;
}

async function collect(response) {
  const chunks = [];
  for await (const chunk of response) chunks.push(chunk);
  const mediaType = response.headers["content-type"]?.split(";")[0];
  const text = Buffer.concat(chunks).toString("utf8");
  const answer = { status: response.statusCode, headers: response.headers, mediaType, text };
  if (mediaType?.endsWith("json") && mediaType !== "application/x-ndjson") {
    answer.json = JSON.parse(text);
  }
  return answer;
}
