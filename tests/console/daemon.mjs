// A real xrefd on a folder of its own.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { exchange } from "./http_exchange.mjs";
import { Process, XREF, XREFD, run } from "./process.mjs";
import { eventually, within } from "./waiting.mjs";

const STOP_MS = 20_000;

export class Daemon {
  #process;
  #folder;
  #secure;

  // Of an admin of all integrations, where it asks for access tokens.
  adminToken;

  // Returns when it answers questions. One that is locked asks for access tokens. `secure` is how it
  // is spoken to where its options turn TLS on: { tls, xref }, Node's options for TLS and those of
  // the command.
  static async start(options = [], { locked = false, secure = undefined } = {}) {
    const daemon = new Daemon();
    daemon.#secure = secure;
    daemon.#folder = await mkdtemp(join(tmpdir(), "xref-console-test-"));
    try {
      if (locked) await daemon.#lock();
      await daemon.#launch(options);
    } catch (error) {
      await daemon.stop();
      throw error;
    }
    return daemon;
  }

  async #lock() {
    const made = await run(XREFD, ["--init", "--data", this.#folder]);
    if (made.exitCode !== 0) throw new Error(`no token was made: ${made.stderr}`);
    this.adminToken = made.stdout.trim();
  }

  async #launch(options) {
    const anyPort = ["--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"];
    this.#process = new Process(XREFD, ["--data", this.#folder, ...anyPort, ...options]);
    this.address = (await this.#process.awaitErrorLine(/listening on (127\.0\.0\.1:\d+)/))[1];
    const http = (await this.#process.awaitErrorLine(/http: serving (127\.0\.0\.1:\d+)/))[1];
    this.http = this.#secure ? { address: http, tls: this.#secure.tls } : http;
    // A standby that takes a copy of its primary begins anew, and listens to nobody for a moment.
    const isReady = async () =>
      exchange(this.http, { path: "/readyz" }).then(
        (answer) => answer.status === 200,
        () => false,
      );
    await eventually(isReady, "the daemon to be ready");
  }

  get log() {
    return this.#process.stderr;
  }

  // Runs the xref command against it.
  cli(args, input) {
    const secured = this.#secure?.xref ?? [];
    const token = this.adminToken ? ["--token", this.adminToken] : [];
    return run(XREF, ["--server", this.address, ...secured, ...token, ...args], input);
  }

  // Makes an access token, and returns it.
  async makeToken(name, role, { integrations = [], days } = {}) {
    const limits = integrations.length > 0 ? ["--integration", integrations.join(",")] : [];
    if (days) limits.push("--days", String(days));
    const made = await this.cli(["token", "create", name, "--role", role, ...limits]);
    if (made.exitCode !== 0) throw new Error(`no token was made: ${made.stderr}`);
    return made.stdout.trim();
  }
  async revokeToken(name) {
    const revoked = await this.cli(["token", "revoke", name]);
    if (revoked.exitCode !== 0) throw new Error(`the token was not revoked: ${revoked.stderr}`);
  }

  // The objects that the command prints, one a line.
  async facts(...args) {
    const { stdout } = await this.cli(["--json", ...args]);
    return stdout
      .trim()
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  }

  async status() {
    return (await this.facts("status"))[0];
  }

  // Ends it and removes its folder; returns its exit code, or the signal that it needed.
  async stop() {
    let ended;
    if (this.#process) {
      this.#process.child.kill("SIGTERM");
      try {
        ended = await within(this.#process.ended, "the daemon to end", STOP_MS);
      } catch {
        this.#process.child.kill("SIGKILL");
        ended = await this.#process.ended;
      }
    }
    await rm(this.#folder, { recursive: true, force: true });
    return ended;
  }
}
