// The API as a user calls it. Every answer is held against the description.

import assert from "node:assert/strict";

import { assertDescribed } from "./description.mjs";
import { begin, exchange } from "./http_exchange.mjs";

export const BASE = "/api/v1";

export class Api {
  #address;
  #access;
  // The operations that were answered with success, as "METHOD template".
  succeeded = new Set();

  // Shows this access token; none if it is undefined.
  constructor(address, token) {
    this.#address = address;
    this.#access = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  }
  // The same server, asked by somebody else.
  as(token) {
    return new Api(this.#address, token);
  }

  async send(method, path, { query, json, body, headers } = {}) {
    const target = withQuery(path, query);
    const content = json === undefined ? body : JSON.stringify(json);
    const type = json === undefined ? {} : { "Content-Type": "application/json" };
    const head = {
      method,
      path: target,
      headers: { ...this.#access, ...type, ...headers },
      body: content,
    };
    return this.#described({ method, path: target, json }, await exchange(this.#address, head));
  }

  // A request whose body the caller writes piece by piece.
  begin(method, path, { query, headers } = {}) {
    const target = withQuery(path, query);
    const { request, answer } = begin(this.#address, {
      method,
      path: target,
      headers: { ...this.#access, ...headers },
    });
    const described = answer.then((got) => this.#described({ method, path: target }, got));
    described.catch(() => {});
    return { request, answer: described };
  }

  get(path, query) {
    return this.send("GET", path, { query });
  }
  post(path, json, headers) {
    return this.send("POST", path, { json, headers });
  }
  patch(path, json, query) {
    return this.send("PATCH", path, { json, query });
  }

  #described(request, answer) {
    const path = request.path.split("?")[0];
    const operation = assertDescribed({ ...request, path }, answer);
    if (operation && answer.status < 300) {
      this.succeeded.add(`${operation.method} ${operation.template}`);
    }
    return answer;
  }
}

// Percent-encoded throughout: a plus sign is a plus sign.
function withQuery(path, query) {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined);
  const pairs = given.map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return pairs.length === 0 ? path : `${path}?${pairs.join("&")}`;
}

// What the answer holds; fails unless it has this status.
export function bodyOf(answer, status = 200) {
  assert.equal(answer.status, status, answer.text);
  return answer.json;
}

// Its extras and the rest; fails unless it is this problem.
export function problemOf(answer, status, slug) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.json.type, `/problems/${slug}`);
  assert.equal(answer.json.status, status);
  return answer.json;
}
