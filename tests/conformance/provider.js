// Tokens of a certified identity provider, oidc-provider, and of the libraries jose and joserfc: node provider.js PROGRAM DATA [PYTHON]
// Clients fetch tokens (RFC 9068) from the provider as docs/access.md wants them, and the service reads its keys at its address. It takes half a
// minute: sooner the service does not read them again. Needs Node 22.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { SignJWT, decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair } from "jose";
import Provider from "oidc-provider";
import { serve } from "./service.js";

const [program, data, python] = process.argv.slice(2);
const AUDIENCE = "https://recommendations.example/graphql";
const SCOPES = "read sync write:meetings write:recommendations write:organizations write:council rec:read profile";
const WHO = "{ viewer { role organization { acronym } } }";
const WRITE = 'mutation { createTheme(input: { code: "PROVIDER", kind: SUBJECT, name: [{ locale: EN, text: "Provider" }] }) { userErrors { code } } }';
const FOLLOW = "{ changes(first: 1) { edges { kind } } }";
// The service does not read keys again sooner than this, in milliseconds.
const REREAD = 30_000;
const NOT_VALID = "The token is not valid.";
const NO_ROLE = "The token's role is none of reader, partner, secretariat and admin.";
const ORGANIZATION = "A partner's token names its organisation, and no other role has one.";

// The algorithms that the provider can sign with, and whether each is that of its key for the service.
const ALGORITHMS = { RS256: true, ES256: true, Ed25519: true, EdDSA: true, PS256: false, RS512: false, ES384: false };
// What the provider knows of its clients: their role and organisation, and how their tokens are made.
const CLIENTS = {
  ...Object.fromEntries(Object.keys(ALGORITHMS).map((alg) => [alg, { role: "reader", alg }])),
  reader: { role: "reader" },
  secretariat: { role: "secretariat" },
  admin: { role: "admin" },
  ISRS: { role: "partner", organization: "ISRS" },
  OSCE: { role: "partner", organization: "OSCE" },
  // Gets the id of its organisation once that is known.
  "by-id": { role: "partner" },
  short: { role: "reader", seconds: 1 },
  rotated: { role: "reader", alg: "Ed25519" },
};
// Clients whose tokens say too little, too much, or what is not known; and what the service says of them.
const FAULTS = {
  "no-role": [{}, "The token has no role."],
  "no-such-role": [{ role: "captain" }, NO_ROLE],
  "list-of-roles": [{ role: ["reader"] }, NO_ROLE],
  "list-of-organizations": [{ role: "partner", organization: ["ISRS"] }, "The token's organization is not one text."],
  "no-organization": [{ role: "partner" }, ORGANIZATION],
  "reader-of-one": [{ role: "reader", organization: "ISRS" }, ORGANIZATION],
  "no-such-organization": [{ role: "partner", organization: "NOWHERE" }, "The token's organisation is not known, or not active."],
};
const known = { ...CLIENTS, ...Object.fromEntries(Object.entries(FAULTS).map(([id, [about]]) => [id, about])) };

const version = (name) => JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), "utf8")).version;
const pause = (milliseconds) => new Promise((later) => setTimeout(later, milliseconds));

async function newKey(alg, more = {}) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 });
  return { ...(await exportJWK(privateKey)), ...more };
}

// It need not store anything: its clients are configured, and its tokens say everything themselves.
class Nothing {
  async find() {}
  async upsert() {}
}

function provider(issuer, keys) {
  const metadata = { client_secret: "secret", grant_types: ["client_credentials"], redirect_uris: [], response_types: [], scope: SCOPES };
  const getResourceServerInfo = (context, audience, { clientId }) => {
    const { alg = "ES256", seconds = 3600 } = known[clientId];
    return { audience, scope: SCOPES, accessTokenFormat: "jwt", accessTokenTTL: seconds, jwt: { sign: { alg } } };
  };
  return new Provider(issuer, {
    adapter: Nothing,
    clientDefaults: { id_token_signed_response_alg: "ES256" },
    clients: Object.keys(known).map((id) => ({ ...metadata, client_id: id })),
    extraTokenClaims: ({ oidc }) => ({ role: known[oidc.client.clientId].role, organization: known[oidc.client.clientId].organization }),
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false }, resourceIndicators: { enabled: true, getResourceServerInfo } },
    jwks: { keys },
    scopes: SCOPES.split(" "),
    ttl: { ClientCredentials: (context, { resourceServer }) => resourceServer.accessTokenTTL },
  });
}

// A provider on a free port, and how often its keys were read. With other keys it is another process at the same address.
async function provide(keys) {
  let answer;
  const counted = { reads: 0 };
  const server = createServer((request, response) => {
    if (request.url === "/jwks") counted.reads += 1;
    answer(request, response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  server.unref();
  const issuer = `http://127.0.0.1:${server.address().port}`;
  counted.use = (others) => (answer = provider(issuer, others).callback());
  counted.use(keys);
  const discovered = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
  return Object.assign(counted, { server, issuer, address: discovered.jwks_uri, endpoint: discovered.token_endpoint });
}

// A token as a client fetches it.
async function fetched({ endpoint }, id, { scope, resource = AUDIENCE } = {}) {
  const headers = { Authorization: `Basic ${Buffer.from(`${id}:secret`).toString("base64")}` };
  const body = new URLSearchParams({ grant_type: "client_credentials", resource, ...(scope && { scope }) });
  const response = await fetch(endpoint, { method: "POST", headers, body });
  const answer = await response.json();
  assert.deepEqual([response.status, answer.token_type, answer.scope], [200, "Bearer", scope], JSON.stringify(answer));
  const { typ, alg, kid } = decodeProtectedHeader(answer.access_token);
  assert.deepEqual([typ, alg, typeof kid], ["at+jwt", known[id].alg ?? "ES256", "string"]);
  assert.deepEqual([decodeJwt(answer.access_token).aud, decodeJwt(answer.access_token).sub], [resource, id]);
  return answer.access_token;
}

async function ask(url, token, query) {
  const headers = { "Content-Type": "application/json", Accept: "application/graphql-response+json", ...(token && { Authorization: `Bearer ${token}` }) };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify({ query }) });
  return { status: response.status, ...(await response.json()) };
}

async function accepts(url, token, role, acronym) {
  const organization = acronym ? { acronym } : null;
  assert.deepEqual(await ask(url, token, WHO), { status: 200, data: { viewer: { role, organization } } });
}

async function refuses(url, token, message) {
  const { status, errors } = await ask(url, token, WHO);
  assert.deepEqual([status, errors?.[0].message, errors?.[0].extensions.code], [401, message, "UNAUTHENTICATED"]);
}

// Which of a write and of the feed a token is allowed.
async function allowed(url, token) {
  const codes = [];
  for (const query of [WRITE, FOLLOW]) codes.push((await ask(url, token, query)).errors?.[0].extensions.code ?? "allowed");
  return codes;
}

async function rolesAndAlgorithms(url, ours) {
  for (const [alg, isOurs] of Object.entries(ALGORITHMS)) {
    const token = await fetched(ours, alg);
    await (isOurs ? accepts(url, token, "READER") : refuses(url, token, NOT_VALID));
  }
  for (const id of ["reader", "secretariat", "admin"]) await accepts(url, await fetched(ours, id), id.toUpperCase());
  for (const acronym of ["ISRS", "OSCE"]) await accepts(url, await fetched(ours, acronym), "PARTNER", acronym);
  known["by-id"].organization = (await ask(url, undefined, '{ organization(by: { acronym: "UNOCT" }) { id } }')).data.organization.id;
  await accepts(url, await fetched(ours, "by-id"), "PARTNER", "UNOCT");
  for (const [id, [, message]] of Object.entries(FAULTS)) await refuses(url, await fetched(ours, id), message);
}

async function scopes(url, ours) {
  const [yes, no] = ["allowed", "FORBIDDEN"];
  for (const [scope, ...expected] of [
    ["read", no, no],
    ["sync", no, yes],
    ["read write:meetings", no, no],
    ["read write:council", yes, no],
    ["rec:read", no, no],
    ["profile", yes, yes],
    [undefined, yes, yes],
  ]) {
    const token = await fetched(ours, "secretariat", { scope });
    await accepts(url, token, "SECRETARIAT");
    assert.deepEqual(await allowed(url, token), expected, scope);
  }
  assert.deepEqual(await allowed(url, await fetched(ours, "reader", { scope: "write:council" })), [no, no], "a scope gives nothing that its role has not");
}

async function rotation(url, ours, keys) {
  const before = await fetched(ours, "rotated");
  await accepts(url, before, "READER");
  ours.use([await newKey("Ed25519", { alg: "Ed25519" }), ...keys.filter(({ crv }) => crv !== "Ed25519")]);
  const after = await fetched(ours, "rotated");
  assert.notEqual(decodeProtectedHeader(after).kid, decodeProtectedHeader(before).kid);
  const [reads, begun] = [ours.reads, Date.now()];
  while ((await ask(url, after, WHO)).status === 401) {
    assert.equal(ours.reads, reads, "the service has read the new keys, and does not know the new one");
    assert.ok(Date.now() - begun < REREAD + 5_000, "the service does not read the new keys");
    await pause(250);
  }
  await accepts(url, after, "READER");
  await refuses(url, before, NOT_VALID);
  await accepts(url, await fetched(ours, "RS256"), "READER");
  assert.equal(ours.reads, reads + 1, "an unknown key is one reason to read the keys, and no token another one");
}

// Keys in a file: of WebCrypto, and those that Python has printed; and tokens for each name of Ed25519.
async function libraries() {
  const claims = { iss: "issuer", aud: AUDIENCE, sub: "library", exp: Math.floor(Date.now() / 1000) + 600, role: "reader" };
  const { privateKey, publicKey } = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  const key = { ...(await crypto.subtle.exportKey("jwk", publicKey)), kid: "jose" };
  assert.equal(key.alg, "Ed25519", "WebCrypto writes the newer name");
  const signed = ["Ed25519", "EdDSA"].map((alg) => new SignJWT(claims).setProtectedHeader({ alg, kid: key.kid }).sign(privateKey));
  // The library warns that EdDSA is the older name.
  const script = ["-W", "ignore", new URL("provider.py", import.meta.url).pathname, JSON.stringify(claims)];
  const printed = python ? JSON.parse(execFileSync(python, script, { encoding: "utf8" })) : { keys: [], tokens: [] };
  const tokens = [...(await Promise.all(signed)), ...printed.tokens];
  assert.deepEqual(tokens.map((token) => decodeProtectedHeader(token).alg), tokens.map((_, index) => ["Ed25519", "EdDSA"][index % 2]));
  mkdirSync(`${data}-keys`, { recursive: true });
  const file = `${data}-keys/keys.json`;
  writeFileSync(file, JSON.stringify({ keys: [key, ...printed.keys] }));
  const service = await start(`${data}-keys`, file, "issuer");
  const changed = Buffer.from(JSON.stringify({ ...claims, role: "admin" })).toString("base64url");
  for (const token of tokens) {
    await accepts(service.url, token, "READER");
    const [header, , signature] = token.split(".");
    await refuses(service.url, [header, changed, signature].join("."), NOT_VALID);
  }
  return printed.version;
}

const started = [];
async function start(place, keys, issuer) {
  const service = await serve(program, place, { REC_JWKS: keys, REC_JWT_ISSUER: issuer, REC_JWT_AUDIENCE: AUDIENCE });
  started.push(service.service);
  return service;
}
const end = () => started.forEach((service) => service.kill("SIGTERM"));
process.on("exit", end);
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));
setTimeout(() => assert.fail("it takes too long"), 90_000).unref();

const keys = [await newKey("RS256"), await newKey("ES256"), await newKey("Ed25519"), await newKey("ES384")];
const ours = await provide(keys);
const other = await provide(keys);
try {
  const { url } = await start(data, ours.address, ours.issuer);
  const short = await fetched(ours, "short");
  await accepts(url, short, "READER");
  await rolesAndAlgorithms(url, ours);
  await scopes(url, ours);
  await refuses(url, await fetched(ours, "reader", { resource: "https://else.example/" }), "The token is for another audience.");
  await refuses(url, await fetched(other, "reader"), "The token is of another issuer.");
  const joserfc = await libraries();
  await rotation(url, ours, keys);
  await refuses(url, short, "The token has expired.");
  other.use([await newKey("ES256")]);
  await refuses(url, await fetched(other, "reader"), NOT_VALID);
  const others = [`jose ${version("jose")}`, ...(joserfc ? [`joserfc ${joserfc}`] : [])].join(" and ");
  console.log(`oidc-provider ${version("oidc-provider")}: its tokens have their role, organisation and scopes, or are refused, and its keys may change; Ed25519 by both names also with ${others}.`);
} finally {
  for (const { server } of [ours, other]) server.close();
  end();
}
