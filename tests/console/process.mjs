// Child processes of the tests: the daemon, and the xref command.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { within } from "./waiting.mjs";

const binary = (name, variable) =>
  process.env[variable] ?? fileURLToPath(new URL(`../../build/bin/${name}`, import.meta.url));
export const XREFD = binary("xrefd", "XREF_TEST_XREFD");
export const XREF = binary("xref", "XREF_TEST_XREF");

// A process whose output is kept, and can be waited for line by line.
export class Process {
  constructor(program, args) {
    this.child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
    this.stdout = "";
    this.stderr = "";
    this.child.stdout.setEncoding("utf8").on("data", (text) => (this.stdout += text));
    this.child.stderr.setEncoding("utf8").on("data", (text) => (this.stderr += text));
    // A program that ends without reading its input is no failure of its own.
    this.child.stdin.on("error", () => {});
    this.ended = once(this.child, "close").then(([code, signal]) => code ?? signal);
    this.ended.catch(() => {});
  }

  // The first match of `pattern` in what it tells on stderr.
  async awaitErrorLine(pattern) {
    const told = async () => {
      for (;;) {
        const match = this.stderr.match(pattern);
        if (match) return match;
        await Promise.race([once(this.child.stderr, "data"), this.#failOnEnd(pattern)]);
      }
    };
    return within(told(), `${pattern} on stderr`);
  }

  async #failOnEnd(pattern) {
    const ended = await this.ended;
    throw new Error(`ended with ${ended} before ${pattern}:\n${this.stderr}`);
  }
}

// Runs a program to its end.
export async function run(program, args, input = "") {
  const process = new Process(program, args);
  process.child.stdin.end(input);
  try {
    const exitCode = await within(process.ended, `the end of ${program} ${args.join(" ")}`);
    return { exitCode, stdout: process.stdout, stderr: process.stderr };
  } finally {
    process.child.kill("SIGKILL");
  }
}
