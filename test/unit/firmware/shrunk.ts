// SPDX-License-Identifier: Apache-2.0
/** Runs some of what is shrunk for a release: classes, functions, constants and records of several modules. */
import { toHex } from "#core/codec/bytes";
import { decodeCbor } from "#core/codec/cbor";
import { glance } from "#core/codec/glance";
import { crc32 } from "#core/crypto/crc32";
import { orderRecord, Side } from "#core/records/order";
import { FIELDS } from "#meter/provision/fields";
import { sealed, unsealed } from "#meter/sealed";
import { WaitingPool } from "#meter/waiting";

export function results(): string {
  const order = {
    net: "street-7",
    node: new Uint8Array(16).fill(1),
    slot: 7,
    side: Side.bid,
    qtyWh: 1200,
    priceMicro: 300_000,
    reserve: undefined,
    said: 9,
  };
  const bytes = orderRecord.encode(order);
  const pool = new WaitingPool({ countMax: 2, bytesMax: 9, timeoutMs: 5 });
  const [id, parent] = [new Uint8Array(32).fill(2), new Uint8Array(32).fill(3)];
  pool.add({ arrival: { id, parents: [parent], stampMs: 4, author: 5, seq: 6 } }, 0);
  const out = pool.arrived(parent, () => true).map(({ arrival }) => arrival.seq);
  const decoded = orderRecord.decode(bytes);
  const refused = orderRecord.decode(bytes.slice(1));
  return JSON.stringify([
    toHex(bytes),
    decoded.ok && decoded.value.qtyWh,
    refused,
    glance(orderRecord, bytes),
    "value" in decodeCbor(bytes),
    crc32(bytes),
    toHex(unsealed(sealed(bytes)) ?? new Uint8Array(0)),
    out,
    Object.keys(FIELDS),
  ]);
}
