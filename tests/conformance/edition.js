// GraphQL over HTTP, first edition (September 2026): one check for each thing that a server must or should do: node edition.js PROGRAM DATA
// The names of the checks are ours; the sections are those of the edition.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { createInterface } from "node:readline";

const [program, data] = process.argv.slice(2);
const rec = (...more) => ["--data-dir", data, ...more];
const service = spawn(program, rec("--listen", "127.0.0.1:0"), { stdio: ["ignore", "pipe", "ignore"], env: { ...process.env, REC_MAX_SECONDS: "1", REC_MAX_HEAD_SECONDS: "5" } });
const [line] = await once(createInterface({ input: service.stdout }), "line");
const url = line.match(/http:\S+/)[0];
const token = execFileSync(program, rec("token", "--role", "secretariat"), { encoding: "utf8" }).trim();

const GRAPHQL = "application/graphql-response+json";
const JSON_TYPE = "application/json";
const RUSSIAN = "Ташкент";

// An answer: its status, headers, text and JSON. Nothing is sent but what is named.
function ask({ method = "POST", path = "", headers = {}, body = "" }) {
  return new Promise((resolve, reject) => {
    const length = { "Content-Length": Buffer.byteLength(body) };
    const sent = request(`${url}${path}`, { method, headers: { ...headers, ...length } }, async (response) => {
      const chunks = await response.toArray();
      const text = Buffer.concat(chunks).toString("utf8");
      let json;
      try {
        json = JSON.parse(text);
      } catch {
        // It has none.
      }
      resolve({ status: response.statusCode, headers: response.headers, type: response.headers["content-type"]?.split(";")[0], text, json });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

const post = (body, headers = {}) =>
  ask({ headers: { "Content-Type": JSON_TYPE, Accept: GRAPHQL, ...headers }, body: typeof body === "string" ? body : JSON.stringify(body) });
const get = (parameters, headers = {}) => ask({ method: "GET", path: `?${new URLSearchParams(parameters)}`, headers: { Accept: GRAPHQL, ...headers } });
const query = "{ viewer { role } }";
const anonymous = { data: { viewer: { role: "ANONYMOUS" } } };
const echo = "query Echo($code: String!) { body(by: { code: $code }) { code } }";
const PARTIAL = '{ viewer { role } themes(after: "nonsense") { totalCount } }';
const isRefused = ({ status, type, json }, expected) => {
  assert.deepEqual([status, type, "data" in json, json.errors.length > 0], [expected, GRAPHQL, false, true]);
};
// What is no GraphQL request is not answered with a GraphQL response.
const isNone = ({ status, type }, expected) => assert.deepEqual([status, type], [expected, JSON_TYPE]);

const CHECKS = {
  "Serialization Format: JSON": async () => assert.deepEqual((await post({ query })).json, anonymous),
  "Media Types: UTF-8 is assumed of a request": async () => {
    const { json } = await post({ query: `query { body(by: { code: "${RUSSIAN}" }) { code } }` });
    assert.deepEqual(json, { data: { body: null } });
    isRefused(await post({ query: `{ ${RUSSIAN} }` }), 400);
  },
  "Request: POST is accepted": async () => assert.equal((await post({ query })).status, 200),
  "GET: query, operationName and variables": async () => {
    const { json } = await get({ query: `${echo} query Other { __typename }`, operationName: "Echo", variables: '{"code":"EC"}' });
    assert.deepEqual(json, { data: { body: { code: "EC" } } });
  },
  "GET: an empty optional parameter is none": async () => assert.deepEqual((await get({ query, operationName: "", variables: "", extensions: "" })).json, anonymous),
  "GET: operationName=null is a name": async () => {
    assert.deepEqual((await get({ query: "query null { viewer { role } }", operationName: "null" })).json, anonymous);
    isRefused(await get({ query, operationName: "null" }), 422);
  },
  "GET: no mutation is executed, 405 with Allow": async () => {
    const mutation = 'mutation { createTheme(input: { code: "GET", kind: SUBJECT, name: [{ locale: EN, text: "Get" }] }) { theme { code } } }';
    const refused = await get({ query: mutation }, { Authorization: `Bearer ${token}` });
    isRefused(refused, 405);
    assert.equal(refused.headers.allow, "POST");
    assert.deepEqual((await post({ query: '{ theme(by: { code: "GET" }) { code } }' })).json, { data: { theme: null } });
  },
  "POST: application/json, with charset and without": async () => {
    for (const type of [JSON_TYPE, `${JSON_TYPE}; charset=utf-8`, GRAPHQL]) assert.equal((await post({ query }, { "Content-Type": type })).status, 200);
  },
  "POST: without Content-Type": async () => isNone(await ask({ headers: { Accept: GRAPHQL }, body: JSON.stringify({ query }) }), 415),
  "JSON Encoding: other properties are ignored": async () => assert.deepEqual((await post({ query, later: 1 })).json, anonymous),
  "JSON Encoding: null is none": async () => assert.deepEqual((await post({ query, variables: null, operationName: null, extensions: null })).json, anonymous),
  "Body: media type and encoding are told": async () => assert.equal((await post({ query })).headers["content-type"], `${GRAPHQL}; charset=utf-8`),
  "Body: the best accepted type": async () => {
    for (const [accept, type] of [
      [GRAPHQL, GRAPHQL],
      [`${GRAPHQL}, ${JSON_TYPE};q=0.9`, GRAPHQL],
      [`${GRAPHQL};q=0.5, ${JSON_TYPE}`, JSON_TYPE],
      [`${JSON_TYPE};q=0, */*`, GRAPHQL],
      ["*/*", JSON_TYPE],
    ]) assert.equal((await post({ query }, { Accept: accept })).type, type, accept);
  },
  "Body: nothing that is accepted": async () => isNone(await post({ query }, { Accept: "text/html" }), 406),
  "Body: clients that take application/json have the same statuses": async () => {
    for (const [body, status, type] of [
      [{ query }, 200, JSON_TYPE],
      [{ query: PARTIAL }, 294, JSON_TYPE],
      [{ query: "{" }, 400, GRAPHQL],
      [{ query: "{ nothing }" }, 422, GRAPHQL],
    ]) {
      const answer = await post(body, { Accept: JSON_TYPE });
      assert.deepEqual([answer.status, answer.type], [status, type]);
    }
  },
  "Status Codes: data without errors, 200": async () => assert.equal((await post({ query })).status, 200),
  "Status Codes: data and errors, 294": async () => {
    const { status, json } = await post({ query: PARTIAL });
    assert.deepEqual([status, json.data, json.errors.length], [294, { viewer: { role: "ANONYMOUS" }, themes: null }, 1]);
  },
  "Status Codes: no data, 4xx": async () => isRefused(await post({ query: "{ nothing }" }), 422),
  "Status Codes: another method, 405 with Allow": async () => {
    for (const method of ["PUT", "PATCH", "DELETE"]) {
      const refused = await ask({ method, headers: { "Content-Type": JSON_TYPE, Accept: GRAPHQL }, body: JSON.stringify({ query }) });
      isNone(refused, 405);
      assert.ok(refused.headers.allow.includes("POST"));
    }
  },
  "Status Codes: another Content-Type, 415": async () => isNone(await post({ query }, { "Content-Type": "text/plain" }), 415),
  "Status Codes: a request that does not come, 408": async () => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.write(`POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: ${JSON_TYPE}\r\nAccept: ${GRAPHQL}\r\nContent-Length: 100\r\n\r\n{`);
    const text = Buffer.concat(await socket.toArray()).toString();
    assert.match(text, /^HTTP\/1.1 408 /);
    assert.match(text, /content-type: application\/json/);
  },
  "Status Codes: headers that do not come, 408": async () => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.write("POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Ty");
    const idle = connect(Number(new URL(url).port), "127.0.0.1");
    idle.write("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
    const early = connect(Number(new URL(url).port), "127.0.0.1");
    early.write("POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
    setTimeout(() => early.write("x".repeat(1000)), 500);
    const [text, ...answers] = (await Promise.all([socket, idle, early].map((one) => one.toArray()))).map((all) => Buffer.concat(all).toString());
    assert.match(text, /^HTTP\/1.1 408 /);
    assert.equal(JSON.parse(text.split("\r\n\r\n")[1]).errors[0].extensions.code, "REQUEST_TIMEOUT");
    for (const answer of answers) assert.equal(answer.match(/HTTP\/1.1/g).length, 1, "a client that asks for nothing more is told nothing more");
  },
  "Status Codes: a URI that is too long, 414": async () => assert.equal((await get({ query: `${query} #${"x".repeat(80_000)}` })).status, 414),
  "Status Codes: headers that are too long, 431": async () => assert.equal((await post({ query }, { "X-Long": "x".repeat(1_000_000) }).catch(({ code }) => ({ status: code }))).status, 431),
  "Status Codes: a body that is too large, 413": async () => isNone(await post({ query, variables: { padding: "x".repeat(300_000) } }), 413),
  "Status Codes: a body that is too large and waits to be sent, 413 and the end": async () => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    const begun = Date.now();
    socket.write(`POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: ${JSON_TYPE}\r\nContent-Length: 300000\r\nExpect: 100-continue\r\n\r\n`);
    const text = Buffer.concat(await socket.toArray()).toString();
    assert.match(text, /^HTTP\/1.1 413 /);
    assert.ok(Date.now() - begun < 5000, "the connection does not wait for a body that does not come");
  },
  "Status Codes: a body that is no JSON, 400": async () => {
    for (const body of ["NONSENSE", '{"query":', ""]) isNone(await post(body), 400);
  },
  "Status Codes: a request that is not well-formed, 422": async () => {
    for (const body of [{ qeury: query }, { query: 1 }, { query, variables: [7] }, { query, operationName: {} }, { query, extensions: "x" }, [{ query }]]) isNone(await post(body), 422);
  },
  "Status Codes: a document that cannot be parsed, 400": async () => isRefused(await post({ query: "{" }), 400),
  "Status Codes: a document that is not valid, 422": async () => isRefused(await post({ query: "{ nothing }" }), 422),
  "Status Codes: an operation that cannot be determined, 422": async () => {
    const several = "query A { __typename } query B { __typename }";
    for (const body of [{ query: several }, { query: several, operationName: "C" }, { query: several, operationName: "" }]) isRefused(await post(body), 422);
  },
  "Status Codes: variables that do not fit, 422": async () => {
    for (const variables of [{}, { code: null }, { code: 1 }]) isRefused(await post({ query: echo, variables }), 422);
  },
  "QUERY (RFC 10008): the same body, safe and idempotent": async () => {
    const queried = (body, headers = {}) => ask({ method: "QUERY", headers: { "Content-Type": JSON_TYPE, Accept: GRAPHQL, ...headers }, body: JSON.stringify(body) });
    const answer = await queried({ query: echo, variables: { code: "EC" } });
    assert.deepEqual([answer.status, answer.json, answer.headers["accept-query"]], [200, { data: { body: { code: "EC" } } }, `${JSON_TYPE}, ${GRAPHQL}`]);
    assert.equal((await queried({ query: echo, variables: { code: "EC" } }, { "If-None-Match": answer.headers.etag })).status, 304);
    const mutation = 'mutation { createTheme(input: { code: "QUERY", kind: SUBJECT, name: [{ locale: EN, text: "Query" }] }) { theme { code } } }';
    isRefused(await queried({ query: mutation }, { Authorization: `Bearer ${token}` }), 405);
    isNone(await queried({ query }, { "Content-Type": "text/plain" }), 415);
  },
  "Status Codes: who may not ask, 403": async () => {
    const env = { ...process.env, REC_TRUSTED_DOCUMENTS_ONLY: "true" };
    const closed = spawn(program, ["--data-dir", `${data}-closed`, "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "ignore"], env });
    try {
      const exited = once(closed, "exit").then(() => assert.fail("the service has ended"));
      exited.catch(() => {});
      const [said] = await Promise.race([once(createInterface({ input: closed.stdout }), "line"), exited]);
      const answer = await fetch(said.match(/http:\S+/)[0], { method: "POST", headers: { "Content-Type": JSON_TYPE, Accept: GRAPHQL }, body: JSON.stringify({ query }) });
      const type = answer.headers.get("content-type").split(";")[0];
      isRefused({ status: answer.status, type, json: await answer.json() }, 403);
    } finally {
      closed.kill("SIGTERM");
    }
  },
  "Status Codes: what cannot be executed at this time, 503": async () => {
    const lock = "import sqlite3, sys; sqlite3.connect(sys.argv[1], isolation_level=None).execute('BEGIN IMMEDIATE'); print('locked', flush=True); sys.stdin.read()";
    const other = spawn("python3", ["-c", lock, `${data}/rec.db`], { stdio: ["pipe", "pipe", "inherit"] });
    try {
      await once(createInterface({ input: other.stdout }), "line");
      const mutation = 'mutation { createTheme(input: { code: "LATER", kind: SUBJECT, name: [{ locale: EN, text: "Later" }] }) { theme { code } } }';
      isRefused(await post({ query: mutation }, { Authorization: `Bearer ${token}` }), 503);
    } finally {
      other.stdin.end();
    }
  },
  "Status Codes: who is not known, 401": async () => {
    isRefused(await post({ query }, { Authorization: "Bearer a.b.c" }), 401);
  },
};

try {
  for (const [name, check] of Object.entries(CHECKS)) {
    await check().catch((error) => {
      throw new Error(name, { cause: error });
    });
  }
  console.log(`GraphQL over HTTP, first edition: ${Object.keys(CHECKS).length} checks pass.`);
} finally {
  service.kill("SIGTERM");
}
