// The receivers of docs/webhooks.md: node webhooks.js PROGRAM DATA DOCUMENT PYTHON
// Each is run as it stands there, with a secret of the service. It accepts what the service sends, and refuses what was changed.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";
import { serve, tokenOf } from "./service.js";

const [program, data, path, python] = process.argv.slice(2);
const { service, url } = await serve(program, data, { REC_WEBHOOK_PRIVATE: "on" });
const token = tokenOf(program, data, "admin");

async function ask(query, variables) {
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined);
  return data;
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

async function listens(port) {
  for (let tries = 0; tries < 200; tries += 1) {
    const socket = connect(port, "127.0.0.1");
    const open = await once(socket, "connect").then(() => true, () => false);
    socket.destroy();
    if (open) return;
    await new Promise((later) => setTimeout(later, 50));
  }
  assert.fail("the receiver does not listen");
}

// The status of the first delivery, once it is recorded: shortly after its receiver has answered.
async function told(webhook) {
  for (let tries = 0; tries < 200; tries += 1) {
    const { webhooks } = await ask("{ webhooks { id deliveries { status } } }");
    const [delivery] = webhooks.find(({ id }) => id === webhook).deliveries;
    if (delivery) return delivery.status;
    await new Promise((later) => setTimeout(later, 50));
  }
  assert.fail("the delivery is not recorded");
}

const place = new URL("node_modules/.receivers/", import.meta.url);
mkdirSync(place, { recursive: true });
const receivers = [...readFileSync(path, "utf8").matchAll(/^```(js|python)\n([\s\S]*?)^```$/gm)];
assert.equal(receivers.length, 4, "the document has its receivers");

try {
  for (const [index, [, language, text]] of receivers.entries()) {
    const port = await freePort();
    const address = `http://127.0.0.1:${port}/`;
    const register = "mutation($url: String!) { registerWebhook(input: { url: $url, types: [THEME] }) { webhook { id } secret userErrors { path } } }";
    const { webhook, secret } = (await ask(register, { url: address })).registerWebhook;
    const file = new URL(`receiver-${index}.${language === "js" ? "mjs" : "py"}`, place).pathname;
    writeFileSync(file, text.replace("8090", port));
    const command = language === "js" ? [process.execPath, file] : [python, "-u", file];
    const receiver = spawn(command[0], command.slice(1), { stdio: ["ignore", "pipe", "ignore"], env: { ...process.env, WEBHOOK_SECRET: secret } });
    try {
      const printed = once(createInterface({ input: receiver.stdout }), "line");
      await listens(port);
      await ask("mutation($id: ID!) { testWebhook(input: { id: $id }) { userErrors { code } } }", { id: webhook.id });
      assert.deepEqual(await printed, ["webhook.test"]);
      const headers = { "webhook-id": "msg_1", "webhook-timestamp": `${Math.floor(Date.now() / 1000)}`, "webhook-signature": "v1,bm9uc2Vuc2U=" };
      assert.equal((await fetch(address, { method: "POST", headers, body: "{}" })).status, 401);
      assert.equal(await told(webhook.id), "204");
    } finally {
      receiver.kill();
    }
  }
  console.log(`docs/webhooks.md: ${receivers.length} receivers accept what the service sends, and nothing else.`);
} finally {
  service.kill("SIGTERM");
}
