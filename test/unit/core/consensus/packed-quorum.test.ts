// SPDX-License-Identifier: Apache-2.0
/** A packed certificate says what the record says, and is refused where the record is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PackedQuorum } from "#core/consensus/packed-quorum";
import { type Quorum, quorumRecord } from "#core/records/consensus";

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const map = fc.uint8Array({ maxLength: 8 });
const anyQuorum: fc.Arbitrary<Quorum> = fc.record({
  net: fc.constantFrom("a", "wattle", "n".repeat(40)),
  height: fc.nat(0xffffffff),
  round: fc.nat(300),
  header: bytesOf(32),
  plan: bytesOf(32),
  voices: fc.array(
    fc.record({ voter: fc.nat(63), heard: map, agreed: map, signature: bytesOf(64) }),
    { minLength: 1, maxLength: 64 },
  ),
});

function unpacked(record: Uint8Array): Quorum | undefined {
  const packed = PackedQuorum.open(record);
  if (!packed) return undefined;
  const voters = packed.voters();
  const voices: Quorum["voices"][0][] = [];
  for (let voice = packed.next(); voice; voice = packed.next()) voices.push(voice);
  assert.equal(voices.length, packed.count);
  assert.deepEqual(
    voters,
    voices.map(({ voter }) => voter),
  );
  return { ...packed.head, voices };
}

test("whatever a quorum says", () => {
  fc.assert(
    fc.property(anyQuorum, (quorum) => {
      const record = quorumRecord.encode(quorum);
      const decoded = quorumRecord.decode(record);
      assert.ok(decoded.ok);
      assert.deepEqual(unpacked(record), decoded.value);
    }),
  );
});

test("bytes that are changed, cut or added to are refused by both or by none", () => {
  fc.assert(
    fc.property(anyQuorum, fc.nat(), fc.nat(255), fc.nat(2), (quorum, at, value, what) => {
      const record = quorumRecord.encode(quorum);
      let changed = record.slice();
      if (what === 0) changed[at % changed.length] = value;
      else if (what === 1) changed = changed.slice(0, at % changed.length);
      else changed = Uint8Array.from([...changed, value]);
      const decoded = quorumRecord.decode(changed);
      assert.deepEqual(unpacked(changed), decoded.ok ? decoded.value : undefined);
    }),
    { numRuns: 1000 },
  );
});
