// What every client that follows is put through: it reads, writes, and follows the register while it writes.
import assert from "node:assert/strict";

export async function once(client, query) {
  for await (const result of client.iterate({ query })) return result;
  throw new Error("no result");
}

// How many operations run that are followed, as operators are told.
async function running(url, transport) {
  const figures = await (await fetch(new URL("/metrics", url))).text();
  return Number(figures.match(new RegExp(`^rec_subscriptions\\{transport="${transport}"\\} (\\d+)$`, "m"))[1]);
}

export async function readWriteFollow(url, transport, anonymous, secretariat, code) {
  assert.deepEqual(await once(anonymous, '{ body(by: { code: "EC" }) { code } }'), { data: { body: { code: "EC" } } });
  const heads = anonymous.iterate({ query: "subscription { serviceStatus { head } }" });
  const first = (await heads.next()).value.data.serviceStatus.head;
  const write = `mutation { createTheme(input: { code: "${code}", kind: SUBJECT, name: [{ locale: EN, text: "Events" }] }) { change { cursor } userErrors { code } } }`;
  const written = (await once(secretariat, write)).data.createTheme;
  assert.deepEqual(written.userErrors, []);
  const second = (await heads.next()).value.data.serviceStatus.head;
  assert.notEqual(second, first);
  assert.equal(second, written.change.cursor);
  assert.equal(await running(url, transport), 1);
  await heads.return();
  // Who leaves is not followed up any more.
  for (let tries = 0; (await running(url, transport)) > 0; tries += 1) {
    assert.ok(tries < 50, "the operation goes on");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
