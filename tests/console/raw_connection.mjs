// A connection on which the peer says whatever it likes.

import { once } from "node:events";
import { connect } from "node:net";

import { eventually, within } from "./waiting.mjs";

export class RawConnection {
  #socket;
  received = "";

  // `from` is the address that it comes from, where that matters.
  static async open(address, from = undefined) {
    const [host, port] = address.split(":");
    const raw = new RawConnection();
    raw.#socket = connect({ host, port, localAddress: from });
    raw.#socket.setEncoding("latin1").on("data", (text) => (raw.received += text));
    // A server may well reset what it does not like.
    raw.#socket.on("error", () => {});
    // Not by `once`, which fails where an error comes first.
    raw.closed = new Promise((resolve) => raw.#socket.once("close", resolve));
    await within(once(raw.#socket, "connect"), `a connection to ${address}`);
    return raw;
  }

  write(text) {
    this.#socket.write(text, "latin1");
  }
  // Takes nothing more of what the server sends.
  pause() {
    this.#socket.pause();
  }
  // Says that nothing more comes.
  end() {
    this.#socket.end();
  }
  destroy() {
    this.#socket.destroy();
  }

  // The statuses of all answers so far.
  get statuses() {
    return [...this.received.matchAll(/HTTP\/1\.[01] (\d{3})/g)].map(([, status]) =>
      Number(status),
    );
  }
  awaitAnswers(count) {
    return eventually(() => this.statuses.length >= count, `${count} answers`);
  }
  awaitClose() {
    return within(this.closed, "the server to close the connection");
  }
}

// Sends this, and returns what came until the server closed.
export async function converse(address, text) {
  const raw = await RawConnection.open(address);
  raw.write(text);
  await raw.awaitClose();
  return raw;
}
