// The explorer page in a real browser: node explorer.js http://127.0.0.1:8080/graphql TOKEN CHROMIUM
// Checks that only look share a page; the others open their own, with nothing kept from before. What is waited for is seen in the page.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request } from "node:http";
import { setTimeout } from "node:timers/promises";
import puppeteer from "puppeteer-core";

const [url, token, chromium] = process.argv.slice(2);
const base = new URL("./", url).href;
const COUNCIL = /Regional Expert Council/;
const PREFIX = "/council";
const PATIENCE = 15_000;
// The least that the page has; a check of fewer would be a check of another page.
const LEAST = { heading: 1, tab: 5, textbox: 4, button: 10 };
const EDITOR = ".graphiql-query-editor .CodeMirror";
const HEADERS = ".graphiql-editor-tool .graphiql-editor:not(.hidden) .CodeMirror";
const RESULT = ".result-window .CodeMirror";
const TOKEN = '::-p-aria([name="Token"][role="textbox"])';
const button = (name) => `::-p-aria([name="${name}"][role="button"])`;
const RUN = button("Execute query (Ctrl-Enter)");
const STOP = button("Stop query (Ctrl-Enter)");
const who = (role) => ({ data: { viewer: { role } } });

// With a pipe the browser ends when this program does, whatever the reason.
const browser = await puppeteer.launch({ executablePath: chromium, pipe: true, args: ["--no-sandbox", "--disable-gpu", "--headless=new"] });

// The page at an address, once its first query is answered, and what was wrong with it until now.
async function opened(address) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  await page.setViewport({ width: 1280, height: 800 });
  const { origin } = new URL(address);
  const wrong = [];
  page.on("console", (message) => message.type() === "error" && wrong.push(`console: ${message.text()} (${message.location().url})`));
  page.on("pageerror", (error) => wrong.push(`script: ${error.message}`));
  page.on("request", (sent) => {
    const asked = new URL(sent.url());
    if (!["data:", "blob:"].includes(asked.protocol) && asked.origin !== origin) wrong.push(`another origin: ${asked}`);
  });
  page.on("response", (answer) => answer.status() >= 400 && wrong.push(`${answer.request().method()} ${answer.url()}: ${answer.status()}`));
  await page.goto(address);
  const first = await shown(page);
  return { page, wrong, first };
}

// A check that has a page of its own.
const on = (address, check) => async () => {
  const { page, wrong, first } = await opened(address);
  try {
    await check(page, { wrong, first });
  } finally {
    await page.browserContext().close();
  }
};

// The answer that stands in the page, as soon as there is one.
async function shown(page) {
  const text = await page.waitForFunction((result) => document.querySelector(result)?.CodeMirror?.getValue(), {}, RESULT);
  return JSON.parse(await text.jsonValue());
}

// Clicks the button that runs what the editor shows, and waits for the answer.
async function run(page) {
  const ready = await page.waitForSelector(RUN, { visible: true });
  await page.$eval(RESULT, (result) => result.CodeMirror.setValue(""));
  await ready.click();
  return shown(page);
}

// Writes into an editor as if it was pasted.
async function paste(page, editor, text) {
  await page.waitForSelector(editor, { visible: true });
  await page.$eval(editor, ({ CodeMirror }) => {
    CodeMirror.focus();
    CodeMirror.execCommand("selectAll");
  });
  await page.keyboard.sendCharacter(text);
  assert.equal(await page.$eval(editor, ({ CodeMirror }) => CodeMirror.getValue()), text);
}

// Writes an operation with a name, and waits until the page knows it: then its tab has that name.
async function write(page, operation) {
  await paste(page, EDITOR, operation);
  const name = operation.match(/^\w+ (\w+)/)[1];
  await page.waitForFunction((name) => document.querySelector(".graphiql-tab-active .graphiql-tab-button").textContent === name, {}, name);
}

async function ask(page, operation) {
  await write(page, operation);
  return run(page);
}

// What a screen reader is told: each thing with its role and name.
async function told(page) {
  const flat = (node) => [node, ...(node.children ?? []).flatMap(flat)];
  return flat(await page.accessibility.snapshot());
}
const named = (things, role) => things.filter((thing) => thing.role === role).map(({ name }) => name?.trim() ?? "");

// What is visible and reaches over an edge of the window, has more text than room, or lies under something else.
function cutOff() {
  const things = [...document.querySelectorAll("button, [role=tab], [role=button], a, input, h1, h2, h3, h4")];
  const visible = things.filter((thing) => thing.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) && thing.getBoundingClientRect().width > 0);
  const isCut = (thing) => {
    const { left, right, top, bottom } = thing.getBoundingClientRect();
    if (left < 0 || top < 0 || right > innerWidth || bottom > innerHeight) return true;
    if (thing.localName !== "input" && thing.scrollWidth > Math.ceil(thing.clientWidth || right - left)) return true;
    return [left + 1, (left + right) / 2, right - 1].some((x) => !thing.contains(document.elementFromPoint(x, (top + bottom) / 2)));
  };
  const name = (thing) => thing.ariaLabel || thing.textContent || thing.id;
  return { seen: visible.length, cut: visible.filter(isCut).map(name), width: document.scrollingElement.scrollWidth, room: innerWidth };
}

function isFirst({ data, errors }) {
  assert.equal(errors, undefined);
  assert.ok(data && Object.values(data).length > 0 && Object.values(data).every(Boolean), JSON.stringify(data));
}

// Another address of the service, as behind a proxy at a path, which lets only through what HTTP has had for long.
async function proxy() {
  const server = createServer((incoming, outgoing) => {
    const { url: asked, method, headers } = incoming;
    const status = !asked.startsWith(`${PREFIX}/`) ? 404 : !["GET", "POST"].includes(method) ? 405 : undefined;
    if (status) return outgoing.writeHead(status).end();
    const sent = request(new URL(asked.slice(PREFIX.length), base), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    sent.on("error", () => outgoing.destroy());
    outgoing.on("close", () => sent.destroy());
    incoming.pipe(sent);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, outside: `http://127.0.0.1:${server.address().port}${PREFIX}/` };
}
const { server, outside } = await proxy();
let plain;
const look = (check) => async () => {
  plain ??= opened(base);
  const { page, ...seen } = await plain;
  await check(page, seen);
};

// A browser that opens the address of the API is led to the page.
async function isLed(page, address, explorer) {
  await page.goto(address);
  assert.equal(page.url(), explorer);
  await page.waitForSelector(RUN, { visible: true });
}

const CHECKS = {
  "it loads without an error, from its own service only": look(async (page, { wrong }) => assert.deepEqual(wrong, [])),
  "it says whose API it is": look(async (page) => {
    assert.match(await page.title(), COUNCIL);
    const [heading] = named(await told(page), "heading");
    assert.match(heading, COUNCIL);
    assert.match(heading, /API/);
    assert.ok(await page.waitForSelector("h1", { visible: true }));
  }),
  "nothing is cut off at 1280x800": look(async (page) => {
    const { seen, cut, width, room } = await page.evaluate(cutOff);
    assert.deepEqual([cut, room], [[], 1280]);
    assert.ok(width <= room, `${width} of ${room}`);
    assert.ok(seen > LEAST.button + LEAST.tab, `${seen} things are seen`);
  }),
  "its first query runs by itself and by the button": look(async (page, { wrong, first }) => {
    isFirst(first);
    const answer = await run(page);
    isFirst(answer);
    assert.deepEqual([answer, wrong], [first, []]);
  }),
  "everything has a name": look(async (page) => {
    const roles = ["button", "tab", "textbox", "combobox", "link", "heading", "checkbox"];
    const nameless = (things) => things.filter(({ role, name }) => roles.includes(role) && !name?.trim()).map(({ role }) => role);
    const things = await told(page);
    for (const [role, least] of Object.entries(LEAST)) assert.ok(named(things, role).length >= least, `${role}: ${named(things, role)}`);
    for (const tab of await page.$$eval(".graphiql-tab-button", (all) => all.map((one) => one.textContent))) assert.match(tab, /^\w+$/);
    assert.deepEqual(nameless(things), []);
    await (await page.waitForSelector(button("Headers"))).click();
    await page.waitForSelector(HEADERS, { visible: true });
    assert.deepEqual(nameless(await told(page)), [], "with the editor of headers");
  }),
  "a token is used while it stands in its place": on(base, async (page, { wrong }) => {
    const place = await page.waitForSelector(TOKEN, { visible: true });
    assert.ok(await place.isIntersectingViewport({ threshold: 1 }));
    assert.deepEqual(await ask(page, "query Before { viewer { role } }"), who("ANONYMOUS"));
    await place.focus();
    await page.keyboard.sendCharacter(token);
    assert.deepEqual(await ask(page, "query With { viewer { role } }"), who("SECRETARIAT"));
    await place.click({ count: 3 });
    await page.keyboard.press("Backspace");
    assert.deepEqual(await ask(page, "query Without { viewer { role } }"), who("ANONYMOUS"));
    await place.focus();
    await page.keyboard.sendCharacter(`Bearer ${token}\n`);
    assert.deepEqual([await ask(page, "query Again { viewer { role } }"), wrong], [who("SECRETARIAT"), []]);
  }),
  "a subscription shows its first result": on(base, async (page, { wrong }) => {
    const { data, errors } = await ask(page, "subscription Status { serviceStatus { head } }");
    assert.equal(errors, undefined);
    assert.match(data.serviceStatus.head, /^\S+$/);
    assert.ok(await page.waitForSelector(STOP, { visible: true }), "it goes on");
    assert.deepEqual(wrong, []);
  }),
  "behind a proxy at a path it is the same": on(outside, async (page, { wrong, first }) => {
    isFirst(first);
    assert.deepEqual(await run(page), first);
    await isLed(page, `${outside}graphql`, outside);
    // The proxy does not know one method; nothing else is wrong.
    assert.ok(wrong.some((one) => one.startsWith("QUERY ")));
    assert.deepEqual(wrong.filter((one) => !/^(QUERY |console: Failed to load resource)/.test(one)), []);
  }),
  "a browser that opens the API is led to it": on(base, async (page) => isLed(page, url, base)),
  "a header of the editor is sent, and not kept": on(base, async (page) => {
    await (await page.waitForSelector(button("Headers"))).click();
    await paste(page, HEADERS, JSON.stringify({ Authorization: `Bearer ${token}` }));
    assert.deepEqual(await ask(page, "query Header { viewer { role } }"), who("SECRETARIAT"));
    await page.waitForFunction(() => localStorage["graphiql:tabState"]?.includes("query Header"));
    const kept = await page.evaluate((token) => Object.keys(localStorage).filter((key) => localStorage[key].includes(token)), token);
    assert.deepEqual(kept, [], "no token stays in the browser");
    const tabs = () => page.$$eval(".graphiql-tab-button", (all) => all.map((one) => one.textContent));
    const before = await tabs();
    await page.reload();
    await page.waitForSelector(RUN, { visible: true });
    assert.deepEqual(await tabs(), before, "tabs are as they were");
  }),
  "a subscription ends when it is stopped": on(base, async (page) => {
    const isStream = (sent) => sent.headers().accept === "text/event-stream";
    const ended = new Promise((resolve) => {
      for (const end of ["requestfinished", "requestfailed"]) page.on(end, (sent) => isStream(sent) && resolve("ended"));
    });
    const result = await ask(page, "subscription Status { serviceStatus { head } }");
    await (await page.waitForSelector(STOP, { visible: true })).click();
    await page.waitForSelector(RUN, { visible: true });
    const late = setTimeout(3000, "still open, and a browser opens six at most", { ref: false });
    assert.equal(await Promise.race([ended, late]), "ended", "its stream");
    assert.deepEqual(await shown(page), result, "what was shown stays");
  }),
};

try {
  for (const [name, check] of Object.entries(CHECKS)) {
    await check().catch((error) => {
      throw new Error(name, { cause: error });
    });
  }
  console.log(`The explorer in ${await browser.version()}: ${Object.keys(CHECKS).length} checks pass.`);
} finally {
  await browser.close();
  server.closeAllConnections();
  server.close();
}
