// SPDX-License-Identifier: Apache-2.0
//
// Writes the record vectors: node test/vectors/records/make.ts. They were made once and are fixed:
// a difference afterwards is an incompatible change of the protocol, which needs a new version of its
// record, not new vectors.
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { toHex } from "#core/codec/bytes";
import { signRecord } from "#core/codec/record";
import { domainHash } from "#core/crypto/domain";
import { nobleCrypto } from "#core/crypto/noble";
import { Subject } from "#core/records/authority";
import { blockRecord, headerRecord } from "#core/records/block";
import { type Certificate, certificateRecord } from "#core/records/certificate";
import { ALL_RECORDS, travelsSigned } from "#core/records/index";
import { signTx, txRecord } from "#core/records/tx";
import { encodeSealed } from "#core/trust/certificate";
import { bytesOf, type RecordVector, TEST_SEED, toJson } from "./check.ts";
import { TEST_SEAL } from "./check-trust.ts";
import { makeNegatives } from "./negatives.ts";
import { makeTrustNegatives } from "./negatives-trust.ts";
import { type Sample, sample } from "./sample.ts";
import { CONSENSUS_SAMPLES } from "./samples-consensus.ts";
import { CREDIT_SAMPLES } from "./samples-credit.ts";
import { FIRMWARE_SAMPLES } from "./samples-firmware.ts";
import { BLOCK, GATEWAY_SAMPLES, HEADER } from "./samples-gateway.ts";
import { BODIES, NODE_SAMPLES } from "./samples-node.ts";
import { PLAN_SAMPLES } from "./samples-plan.ts";
import { SMARTCHAIN_SAMPLES } from "./samples-smartchain.ts";
import { TRUST_SAMPLES } from "./samples-trust.ts";

const here = fileURLToPath(new URL("./", import.meta.url));
const crypto = nobleCrypto();

function vectorOf({ name, type, value }: Sample): RecordVector {
  const record = type.encode(value);
  const vector: RecordVector = {
    name,
    kind: type.kind,
    record: type.name,
    fields: toJson(value),
    hex: toHex(record),
    id: toHex(domainHash(crypto, type.domain, record)),
  };
  if (type.name === certificateRecord.name) return sealedVector(vector, value as Certificate);
  if (!travelsSigned(type)) return vector;
  const { bytes } = signRecord(type, crypto, TEST_SEED, value);
  return { ...vector, signedHex: toHex(bytes) };
}

function sealedVector(vector: RecordVector, { subject }: Certificate): RecordVector {
  const id = bytesOf(vector.id);
  const anchor = subject === Subject.gateway ? crypto.sign(TEST_SEED, id) : undefined;
  return { ...vector, sealedHex: toHex(encodeSealed(bytesOf(vector.hex), TEST_SEAL, anchor)) };
}

/** Number of the message that the sample transactions are said in. */
const SAID = 7;

function txVectors(): RecordVector[] {
  return BODIES.map(({ name, body, pot }) => {
    const tx = signTx(crypto, TEST_SEED, body, SAID, pot);
    const decoded = txRecord.decode(tx.bytes);
    if (!decoded.ok) throw new Error(`${name}: ${decoded.detail}`);
    return { ...vectorOf(sample(txRecord, name, decoded.value)), id: toHex(tx.txid) };
  });
}

function blockVectors(): RecordVector[] {
  const header = signRecord(headerRecord, crypto, TEST_SEED, HEADER).bytes;
  const empty = { cut: [], txs: [], rejected: [], effects: [], events: [], closed: [] };
  return [
    vectorOf(sample(blockRecord, "a block", { header, ...BLOCK })),
    vectorOf(sample(blockRecord, "an empty block", { header, ...empty })),
  ];
}

function write(name: string, vectors: readonly unknown[]): void {
  writeFileSync(`${here}${name}.json`, `${JSON.stringify(vectors, null, 2)}\n`);
}

for (const name of readdirSync(here)) if (name.endsWith(".json")) rmSync(here + name);
const vectors = [
  ...[
    ...NODE_SAMPLES,
    ...GATEWAY_SAMPLES,
    ...FIRMWARE_SAMPLES,
    ...TRUST_SAMPLES,
    ...SMARTCHAIN_SAMPLES,
    ...PLAN_SAMPLES,
    ...CONSENSUS_SAMPLES,
    ...CREDIT_SAMPLES,
  ].map(vectorOf),
  ...txVectors(),
  ...blockVectors(),
];
for (const { name } of ALL_RECORDS)
  write(
    name,
    vectors.filter((vector) => vector.record === name),
  );
const negatives = [...makeNegatives(vectors), ...makeTrustNegatives(vectors)];
write("negative", negatives);
process.stdout.write(`wrote ${vectors.length} vectors and ${negatives.length} negatives\n`);
