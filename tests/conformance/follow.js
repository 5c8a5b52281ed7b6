// What every client that follows is put through: it reads, writes, and follows the record while it writes.
import assert from "node:assert/strict";

export async function once(client, query) {
  for await (const result of client.iterate({ query })) return result;
  throw new Error("no result");
}

export async function readWriteFollow(anonymous, secretariat, code) {
  assert.deepEqual(await once(anonymous, '{ body(by: { code: "EC" }) { code } }'), { data: { body: { code: "EC" } } });
  const heads = anonymous.iterate({ query: "subscription { serviceStatus { head } }" });
  const first = (await heads.next()).value.data.serviceStatus.head;
  const write = `mutation { createTheme(input: { code: "${code}", kind: SUBJECT, name: [{ locale: EN, text: "Events" }] }) { change { cursor } userErrors { code } } }`;
  const written = (await once(secretariat, write)).data.createTheme;
  assert.deepEqual(written.userErrors, []);
  const second = (await heads.next()).value.data.serviceStatus.head;
  assert.notEqual(second, first);
  assert.equal(second, written.change.cursor);
  await heads.return();
}
