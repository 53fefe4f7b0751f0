// SPDX-License-Identifier: Apache-2.0
/** Which state a gateway hands out, and to whom. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openSigned } from "#core/codec/record";
import { nobleCrypto } from "#core/crypto/noble";
import { nodeIdOf } from "#core/identity";
import { STATE_PIECE_BYTES } from "#core/limits";
import {
  pieceRecord,
  pieceWantedRecord,
  stateOfferRecord,
  stateWantedRecord,
} from "#core/records/state";
import { Archive } from "#gateway/consortium/archive";
import type { PeerKind } from "#gateway/consortium/ports";
import { EntryKind, packEntry, turnEntry } from "#gateway/entries";
import { Handout } from "#gateway/handout/handout";
import { openMemoryStore } from "#node/store/memory";

const crypto = nobleCrypto();
const secretKey = new Uint8Array(32).fill(5);
const net = "test";
const some = (fill: number, length = 32) => new Uint8Array(length).fill(fill);

function start() {
  const store = openMemoryStore();
  const archive = new Archive(store);
  archive.begin(8);
  const said: { kind: PeerKind; bytes: Uint8Array }[] = [];
  const link = {
    send: (_to: string | undefined, kind: PeerKind, bytes: Uint8Array) =>
      void said.push({ kind, bytes }),
    listen: () => {},
  };
  const id = nodeIdOf(crypto, crypto.publicKey(secretKey));
  const ports = { net, id, secretKey, crypto, link, archive, store };
  const handout = new Handout(ports);
  let height = 8;
  const turn = () => {
    const parts = { header: some(1, 40), plan: some(2, 9), quorum: some(3, 99) };
    const bytes = packEntry(turnEntry, { ...parts, faults: [] });
    store.append([{ kind: EntryKind.turn, bytes }]);
    archive.addTurn(height++, store.length);
    handout.settled();
  };
  const offered = (behind = 0): number | undefined => {
    said.length = 0;
    handout.serveOffer("11", stateWantedRecord.encode({ net, height: behind }), 1000);
    const [word] = said;
    if (!word) return undefined;
    const signed = openSigned(stateOfferRecord, crypto, word.bytes);
    assert.ok(signed.ok);
    return signed.value.height;
  };
  return { handout, ports, said, turn, offered };
}

test("a state is handed out when a turn has followed it, and the one before until then", () => {
  const { handout, ports, turn, offered } = start();
  handout.hold(8, some(8), some(4, 100));
  assert.equal(offered(), undefined);
  turn();
  assert.equal(offered(), 8);
  assert.equal(offered(8), undefined, "to one that has as much");
  for (let i = 0; i < 7; i++) turn();
  handout.hold(16, some(16), some(5, 100));
  assert.equal(offered(), 8);
  // A restart in between hands out what it has.
  const again = new Handout(ports);
  again.load(16);
  assert.equal(again.held?.name.height, 8);
  turn();
  assert.equal(offered(), 16);
  again.load(17);
  assert.equal(again.held?.name.height, 16);
});

test("its pieces come with their paths, so many in a second, and of no other root", () => {
  const { handout, said, turn } = start();
  const held = handout.hold(8, some(8), some(4, 2 * STATE_PIECE_BYTES + 5))!;
  turn();
  const { root } = held.name;
  const ask = (index: number, of = root, nowMs = 1000) => {
    said.length = 0;
    handout.servePiece("11", pieceWantedRecord.encode({ net, root: of, index }), nowMs);
    const [word] = said;
    const piece = word && pieceRecord.decode(word.bytes);
    return piece?.ok ? piece.value.bytes.length : undefined;
  };
  assert.deepEqual(
    [0, 1, 2, 3].map((index) => ask(index)),
    [STATE_PIECE_BYTES, STATE_PIECE_BYTES, 5, undefined],
  );
  assert.equal(ask(0, some(9)), undefined);
  let answered = 0;
  for (let i = 0; i < 300; i++) if (ask(0, root, 2000 + i) !== undefined) answered++;
  assert.equal(answered, 128);
  assert.equal(ask(0, root, 3000), STATE_PIECE_BYTES);
});
