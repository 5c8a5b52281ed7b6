// The snippets of docs/clients.md against a running service: node snippets.js DOCUMENT PYTHON http://… TOKEN
// Each program is run as it stands there, with the address and the token of the service, until it has printed something.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [path, python, url, token] = process.argv.slice(2);
const PATIENCE = 30_000;
const host = new URL(url).host;

const snippets = [...readFileSync(path, "utf8").matchAll(/^```(js|python|sh)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({ language, text: text.replaceAll("127.0.0.1:8080", host) }));

// Where packages are found from.
const place = new URL("node_modules/.snippets/", import.meta.url);
mkdirSync(place, { recursive: true });

const languages = {
  js: (text, file) => [process.execPath, write(`${file}.mjs`, `const token = ${JSON.stringify(token)};\n${text}`)],
  python: (text, file) => [python, "-u", write(`${file}.py`, `token = ${JSON.stringify(token)}\n${text}`)],
  sh: (text) => ["bash", "-c", text],
};

function write(name, text) {
  const file = new URL(name, place);
  writeFileSync(file, text);
  return file.pathname;
}

// The first line that is printed.
async function printed([program, ...parameters]) {
  // What a shell writes belongs to nobody.
  const options = program === "bash" ? { stdio: ["ignore", "pipe", "ignore"], cwd: place } : { stdio: ["ignore", "pipe", "inherit"] };
  const child = spawn(program, parameters, options);
  const late = setTimeout(() => child.kill(), PATIENCE);
  try {
    for await (const line of createInterface({ input: child.stdout })) if (line.trim()) return line;
    throw new Error("it prints nothing");
  } finally {
    clearTimeout(late);
    child.kill();
  }
}

assert.ok(snippets.length >= 6, "the document has its snippets");
for (const [index, { language, text }] of snippets.entries()) {
  const line = await printed(languages[language](text, `snippet-${index}`));
  assert.doesNotMatch(line, /error/i, text);
}
console.log(`docs/clients.md: ${snippets.length} snippets of clients run as they stand.`);
