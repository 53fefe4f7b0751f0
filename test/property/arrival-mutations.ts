// SPDX-License-Identifier: Apache-2.0
/** Arrivals from another gateway that are right but for one field: none of them takes a number. */
import { signRecord } from "#core/codec/record";
import type { Code } from "#core/errors/codes";
import { type Arrival, arrivalRecord } from "#core/records/arrival";
import { crypto } from "../helpers/local-area.ts";
import { type Attacker, NET, type Shot } from "./attacker.ts";
import type { Range } from "./range.ts";

export function badArrival(range: Range, who: Attacker): Shot {
  const { rng } = range;
  const said = who.seq + 1 + rng.below(1000);
  const { txSeq, prev: txid } = who;
  const faults: [Code, Partial<Arrival>][] = [
    ["ARRIVAL_ELSEWHERE", { gateway: rng.bytes(16) }],
    ["ARRIVAL_CHAIN", { txSeq: txSeq + 1 + rng.below(1000), txid: undefined }],
    ["ARRIVAL_CHAIN", { txSeq: 0, txid: rng.bytes(32) }],
    ["SAID_NUMBER", { said: said + 1 + rng.below(1000) }],
  ];
  if (txSeq > 0)
    faults.push(
      ["ARRIVAL_CHAIN", { txid: rng.bytes(32) }],
      ["ARRIVAL_CHAIN", { txSeq: 0, txid: undefined }],
    );
  const [code, change] = rng.pick(faults);
  const { bytes } = signRecord(arrivalRecord, crypto, who.secretKey, {
    net: NET,
    node: who.idBytes,
    gateway: range.local.gateway.area.idBytes,
    from: rng.bytes(8),
    txSeq,
    txid,
    dropped: rng.below(320),
    said,
    ...change,
  });
  return { ...who.numbered("arrival", bytes, said), code, form: "mutated" };
}
