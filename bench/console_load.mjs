// Uses the HTTP port as several people and programs would, without a pause, and tells how long answers
// took: node bench/console_load.mjs HOST:PORT PLACE-PATH FILE-OF-IDS SECONDS CLIENTS
import { readFileSync } from "node:fs";
import http from "node:http";

const [server, place, file, seconds, clients] = process.argv.slice(2);
const ids = readFileSync(file, "utf8").trim().split("\n").slice(1);
const [host, port] = server.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: Number(clients) });
const until = performance.now() + Number(seconds) * 1000;
const took = new Map();

function ask(path, method = "GET", body = undefined) {
  const headers = body ? { "Content-Type": "application/json" } : {};
  return new Promise((resolve, reject) => {
    const request = http.request({ host, port, path, method, headers, agent }, (answer) => {
      const pieces = [];
      answer.on("data", (piece) => pieces.push(piece));
      answer.on("end", () => {
        const text = Buffer.concat(pieces).toString();
        if (answer.statusCode >= 300) reject(new Error(`${method} ${path}: ${answer.statusCode} ${text}`));
        else resolve(text);
      });
    });
    request.on("error", reject);
    request.end(body);
  });
}

const randomId = () => ids[Math.floor(Math.random() * ids.length)];
const uses = {
  "first page": () => ask(`${place}/references?limit=100`),
  "newest page": () => ask(`${place}/references?order=newest&limit=100`),
  "search, 6 digits": () => ask(`${place}/references?q=${randomId().slice(0, 6)}&limit=100`),
  "search, a whole ID": () => ask(`${place}/references?q=${randomId()}&limit=100`),
  history: () => ask(`${place}/history?source_id=${randomId()}`),
  "check of 1,000 IDs": () =>
    ask(`${place}/check`, "POST", JSON.stringify({ source_ids: Array.from({ length: 1000 }, randomId) })),
  status: () => ask("/api/v1/status"),
  metrics: () => ask("/metrics"),
};

async function client(number) {
  const names = Object.keys(uses);
  for (let turn = number; performance.now() < until; ++turn) {
    const name = names[turn % names.length];
    const begun = performance.now();
    await uses[name]();
    if (!took.has(name)) took.set(name, []);
    took.get(name).push(performance.now() - begun);
  }
}

await Promise.all(Array.from({ length: Number(clients) }, (_, number) => client(number)));
agent.destroy();
const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))].toFixed(1);
for (const [name, times] of took) {
  times.sort((a, b) => a - b);
  console.log(
    `${name.padEnd(20)} ${String(times.length).padStart(6)} answers   p50 ${at(times, 0.5).padStart(7)} ms` +
      `   p99 ${at(times, 0.99).padStart(7)} ms   max ${times.at(-1).toFixed(1).padStart(7)} ms`,
  );
}
