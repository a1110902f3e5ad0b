// Certificates by the openssl command, in a folder that goes with the process.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "xref-certificates-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];

function make(name, more) {
  const made = { certificate: join(folder, `${name}.pem`), key: join(folder, `${name}.key.pem`) };
  const files = ["-subj", `/CN=${name}`, "-keyout", made.key, "-out", made.certificate];
  execFileSync("openssl", ["req", "-x509", ...NEW_KEY, ...files, ...more], { stdio: "ignore" });
  return made;
}

export const makeCa = (name) => make(name, []);
export const issue = (ca, name) =>
  make(name, [
    ...["-CA", ca.certificate, "-CAkey", ca.key],
    ...["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"],
  ]);

// Node's options for a client that trusts `ca`, and presents `own`.
export const trusting = (ca, own) => ({
  ca: readFileSync(ca.certificate),
  ...(own && { cert: readFileSync(own.certificate), key: readFileSync(own.key) }),
});
