// SPDX-License-Identifier: Apache-2.0
/** A certificate is a quorum's, for one header at one height; everything else is none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { blockIdOf } from "#core/consensus/block-id";
import { certificateItems, checkCertificate } from "#core/consensus/certificate";
import { type Quorum, quorumRecord } from "#core/records/consensus";
import { sodiumCrypto } from "#node/crypto/sodium";
import { Consortium, NET } from "../../../helpers/consortium.ts";

const group = new Consortium(4);
const { crypto, set } = group;
const block = group.block(1);
const good = group.quorum([5, 2], block, [0, 1, 3]);
const expected = { net: NET, height: 5, headerHash: crypto.sha256(block.header) };

function verdict(quorum: Quorum, what: Partial<typeof expected> = {}): string {
  const found = checkCertificate(crypto, set, quorum, { ...expected, ...what });
  return found.ok ? "ok" : `${found.code} ${found.detail}`;
}

test("a quorum's certificate is accepted, also after the wire and with Ed25519", () => {
  assert.equal(verdict(good), "ok");
  const decoded = quorumRecord.decode(quorumRecord.encode(good));
  assert.ok(decoded.ok);
  assert.equal(verdict(decoded.value), "ok");
  const real = new Consortium(4, "quorum", sodiumCrypto());
  const quorum = real.quorum([5, 2], block, [1, 2, 3]);
  const headerHash = real.crypto.sha256(block.header);
  const accepted = checkCertificate(real.crypto, real.set, quorum, { ...expected, headerHash });
  assert.deepEqual(accepted, { ok: true });
});

test("what is no certificate", () => {
  const { voices } = good;
  const cases: [string, Quorum, Partial<typeof expected>?][] = [
    ["too few", { ...good, voices: voices.slice(1) }],
    ["one twice", { ...good, voices: [voices[0], voices[0], voices[1]] }],
    ["not in order", { ...good, voices: [voices[1], voices[0], voices[2]] }],
    [
      "one in another's name",
      { ...good, voices: [voices[0], voices[1], { ...voices[1], voter: 2 }] },
    ],
    [
      "a voter beyond the set",
      { ...good, voices: [...voices.slice(0, 2), { ...voices[2], voter: 4 }] },
    ],
    ["another height", { ...good, height: 6 }, { height: 6 }],
    ["for the wrong height", good, { height: 6 }],
    ["another round", { ...good, round: 1 }],
    ["another plan", { ...good, plan: crypto.sha256(Uint8Array.of(1)) }],
    ["another header", good, { headerHash: crypto.sha256(Uint8Array.of(1)) }],
    ["another network", good, { net: "other" }],
    [
      "other audits heard",
      { ...good, voices: [{ ...voices[0], heard: Uint8Array.of(1) }, ...voices.slice(1)] },
    ],
  ];
  for (const [name, quorum, what] of cases)
    assert.match(verdict(quorum, what), /^QUORUM_INVALID/, name);
});

test("unanimity needs all", () => {
  const all = new Consortium(4, "unanimous");
  const headerHash = all.crypto.sha256(block.header);
  const check = (voters: number[]): boolean =>
    checkCertificate(all.crypto, all.set, all.quorum([5, 0], block, voters), {
      ...expected,
      headerHash,
    }).ok;
  assert.equal(check([0, 1, 2]), false);
  assert.equal(check([0, 1, 2, 3]), true);
});

test("all signatures of a certificate can be checked at once elsewhere", () => {
  const found = certificateItems(crypto, set, good, expected);
  assert.ok(found.ok);
  assert.equal(found.items.length, 3);
  for (const { publicKey, message, signature } of found.items)
    assert.ok(crypto.verify(publicKey, message, signature));
});

test("the id of a block binds header and plan", () => {
  const id = blockIdOf(crypto, block);
  assert.deepEqual(id, group.block(1).id);
  assert.notDeepEqual(id, blockIdOf(crypto, { ...block, plan: Uint8Array.of(3) }));
  assert.notDeepEqual(id, blockIdOf(crypto, { ...block, header: Uint8Array.of(3) }));
});
