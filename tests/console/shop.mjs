// The fixture: a daemon for a test file, and places in it that each test has for itself.

import assert from "node:assert/strict";
import { after, before } from "node:test";

import { Api, BASE, bodyOf } from "./api.mjs";
import { parseCsv, toCsv } from "./csv.mjs";
import { Daemon } from "./daemon.mjs";
import { eventually } from "./waiting.mjs";

const CROWD = 100_000;

// To be called at the top of a test file. `prepare` is called when the daemon is ready.
export function useShop({
  options = [],
  locked = false,
  secure = undefined,
  prepare = async () => {},
} = {}) {
  const shop = new Shop();
  before(async () => {
    await shop.open(options, { locked, secure });
    if (shop.hasCrowd) await shop.addCrowd();
    await prepare(shop);
  });
  after(() => shop.close());
  return shop;
}

class Shop {
  #places = 0;

  async open(options, { locked, secure }) {
    this.daemon = await Daemon.start(options, { locked, secure });
    this.api = new Api(this.daemon.http, this.daemon.adminToken);
  }
  async close() {
    if (!this.daemon) return;
    const ended = await this.daemon.stop();
    assert.equal(ended, 0, `the daemon ended with ${ended}:\n${this.daemon.log}`);
  }

  // An integration with nothing in it; its entity type "orders".
  async newPlace(integration = `shop-${++this.#places}`) {
    const platforms = { source_platform: "Shopify", target_platform: "Business Central" };
    bodyOf(await this.api.post(`${BASE}/integrations`, { name: integration, ...platforms }), 201);
    return new Place(this, integration, "orders");
  }

  // One with SO-1 -> INV-1 in it.
  async newLinkedPlace(integration) {
    const place = await this.newPlace(integration);
    await place.add([["SO-1", "INV-1"]]);
    return place;
  }
  // Whether there are to be many references that no test looks at, beside its own.
  hasCrowd = false;
  async addCrowd() {
    const crowd = await this.newPlace("crowd");
    const headers = { "Content-Type": "text/csv" };
    bodyOf(await crowd.send("POST", "/imports", { body: toCsv(numbered(CROWD)), headers }));
    await this.awaitFold();
  }
  // Until listings of a daemon show all that was changed so far. Whoever asks for one waits for that,
  // but not for long; what was changed since then is few.
  async awaitFold(daemon = this.daemon) {
    const lsn = await this.lsn();
    const api = new Api(daemon.http, daemon.adminToken);
    const path = `${BASE}/integrations/crowd/types/orders/references`;
    await eventually(
      async () => bodyOf(await api.get(path, { limit: 1 })).as_of_lsn >= lsn,
      "the snapshot to hold what was changed",
    );
  }

  async lsn() {
    return (await this.daemon.status()).lsn;
  }
  // The integration as the command lists it, or nothing.
  async integration(name) {
    const listed = await this.daemon.facts("integration", "list");
    return listed.find(({ integration }) => integration === name);
  }
}

export class Place {
  #api;
  #daemon;

  constructor(shop, integration, type) {
    this.#api = shop.api;
    this.#daemon = shop.daemon;
    this.integration = integration;
    this.name = `${integration}/${type}`;
    this.path = `${BASE}/integrations/${integration}/types/${type}`;
  }

  // ---- Through the API ----

  get(route, query) {
    return this.#api.get(this.path + route, query);
  }
  post(route, json, headers) {
    return this.#api.post(this.path + route, json, headers);
  }
  send(method, route, request) {
    return this.#api.send(method, this.path + route, request);
  }
  begin(method, route, request) {
    return this.#api.begin(method, this.path + route, request);
  }
  // One request about one reference.
  reference(method, source, json, query) {
    return this.send(method, "/reference", { json, query: { source_id: source, ...query } });
  }

  async add(links, options = {}) {
    return bodyOf(await this.post("/add", { references: references(links), ...options }));
  }
  // The items of all pages of a listing, with what went on in `pages`.
  async all(route, key, query = {}) {
    const pages = [];
    let cursor;
    do {
      const page = bodyOf(await this.get(route, { ...query, cursor }));
      pages.push(page);
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
    return pages.flatMap((page) => page[key]);
  }

  // ---- Through the command ----

  facts(command, ...args) {
    return this.#daemon.facts(command, this.name, ...args);
  }
  async targetsOf(...sources) {
    return (await this.facts("lookup", ...sources)).map(({ target_id }) => target_id);
  }
  async targetOf(source) {
    return (await this.targetsOf(source))[0];
  }
  // All links, by source ID.
  async links() {
    return parseCsv((await this.#daemon.cli(["export", this.name])).stdout);
  }
}

// Pairs as the API has them.
export const references = (links) =>
  links.map(([source_id, target_id]) => ({ source_id, target_id }));
export const pairsOf = (references) =>
  references.map(({ source_id, target_id }) => [source_id, target_id]);

// SO-00000 -> INV-00000 and so on.
export const numbered = (count, from = 0) =>
  Array.from({ length: count }, (_, i) => {
    const number = String(from + i).padStart(5, "0");
    return [`SO-${number}`, `INV-${number}`];
  });
