// The programs of docs/retries.md against a service that answers 429: node retries.js PROGRAM DATA DOCUMENT PYTHON
// As they stand there they wait and are answered; with the settings that their libraries have by themselves they are refused.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { serve, tokenOf } from "./service.js";

const [program, data, path, python] = process.argv.slice(2);
// Two points come back in a second.
const { service, url } = await serve(program, data, { REC_RATE_POINTS: "120" });
const token = tokenOf(program, data, "reader");

// Where packages are found from.
const place = new URL("node_modules/.retries/", import.meta.url);
mkdirSync(place, { recursive: true });

async function spend() {
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
  const body = JSON.stringify({ query: "{ organizations(first: 5) { totalCount } }" });
  for (;;) {
    const answer = await fetch(url, { method: "POST", headers, body });
    await answer.text();
    if (answer.status === 429) return assert.match(answer.headers.get("retry-after"), /^\d+$/);
  }
}

async function run(language, text) {
  const [name, interpreter] = language === "js" ? ["snippet.mjs", process.execPath] : ["snippet.py", python];
  const file = new URL(name, place);
  writeFileSync(file, `${language === "js" ? "const " : ""}token = ${JSON.stringify(token)}\n${text.replaceAll("127.0.0.1:8080", new URL(url).host)}`);
  const { stdout } = await promisify(execFile)(interpreter, [file.pathname], { timeout: 60_000 });
  return stdout.trim();
}

// The same program without what makes it retry.
function untold(text) {
  return text
    .replace(/^ +retry: .*\n/m, "")
    .replace(/, retryCondition: .*\}\);$/m, " });")
    .replace("Retry(5, allowed_methods={\"POST\"}, status_forcelist={429, 503})", "Retry(5)");
}

try {
  const snippets = [...readFileSync(path, "utf8").matchAll(/^```(js|python)\n([\s\S]*?)^```$/gm)];
  assert.equal(snippets.length, 4);
  for (const [, language, text] of snippets) {
    assert.notEqual(untold(text), text);
    await spend();
    await assert.rejects(run(language, untold(text)), /429|Traceback/, text);
    await spend();
    assert.match(await run(language, text), /^\d+$/, text);
  }
  console.log(`docs/retries.md: ${snippets.length} libraries wait for Retry-After and are answered, if they are told to.`);
} finally {
  service.kill();
}
