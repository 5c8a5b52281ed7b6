// Whoever decompresses reads an export to its end: node exports.js PROGRAM DATA PYTHON
// The body is one zstd frame or one gzip member: readers that stop after the first one (Node 24, httpx) would read a part of it, with status 200.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { serve, tokenOf } from "./service.js";

const [program, data, python] = process.argv.slice(2);
execFileSync(program, ["--data-dir", data, "seed", "scale", "--recommendations", "3000"], { stdio: "ignore" });
const { service, url: endpoint } = await serve(program, data);
const url = endpoint.replace("graphql", "export.ndjson");
const token = tokenOf(program, data, "secretariat");

const PYTHON = `
import hashlib, sys
import httpx, requests
library, url, token, coding = sys.argv[1:]
answer = {"httpx": httpx, "requests": requests}[library].get(url, headers={"Authorization": f"Bearer {token}", "Accept-Encoding": coding})
assert answer.status_code == 200 and answer.headers["content-encoding"] == coding, answer.headers
print(hashlib.sha256(answer.content).hexdigest())
`;

const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");
const output = (command, ...parameters) => execFileSync(command, parameters, { maxBuffer: 1 << 28 });
const readers = {
  async "Node's fetch"(coding) {
    const answer = await fetch(url, { headers: { Authorization: `Bearer ${token}`, "Accept-Encoding": coding } });
    assert.equal(answer.headers.get("content-encoding"), coding);
    return hash(Buffer.from(await answer.arrayBuffer()));
  },
  httpx: (coding) => output(python, "-c", PYTHON, "httpx", url, token, coding).toString().trim(),
  requests: (coding) => output(python, "-c", PYTHON, "requests", url, token, coding).toString().trim(),
  curl: (coding) => hash(output("curl", "-sSf", "--compressed", "-H", `Accept-Encoding: ${coding}`, "-H", `Authorization: Bearer ${token}`, url)),
};

try {
  const plain = output("curl", "-sSf", "-H", `Authorization: Bearer ${token}`, url);
  const { type, lines } = JSON.parse(plain.toString().trim().split("\n").at(-1));
  assert.equal(type, "END");
  assert.equal(plain.toString().trim().split("\n").length, lines + 1);
  assert.ok(plain.length > 1_000_000);
  for (const [name, read] of Object.entries(readers)) {
    for (const coding of ["zstd", "gzip"]) assert.equal(await read(coding), hash(plain), `${name}, ${coding}`);
  }
  console.log(`An export of ${lines} lines is read whole by ${Object.keys(readers).join(", ")} (${process.version}), as zstd and gzip.`);
} finally {
  service.kill();
}
