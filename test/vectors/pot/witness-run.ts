// SPDX-License-Identifier: Apache-2.0
/**
 * A witness on simulated flash for some hundred ticks, with restarts and power cuts: what it said, as lines to
 * compare between engines. Imports nothing of Node.
 */
import { toHex } from "#core/codec/bytes";
import { openSigned, signRecord } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import { nodeIdOf } from "#core/identity";
import { signCancel } from "#core/pot/cancel";
import { Committees } from "#core/pot/committee";
import { potParams } from "#core/pot/params";
import type { EpochMember } from "#core/records/epoch";
import { bodyRecord, TxType } from "#core/records/tx";
import { askRecord } from "#core/records/witness";
import { CUT_MODES, Power, PowerCut } from "#host-sim/flash/power";
import { SimRegion } from "#host-sim/flash/region";
import { poweredStore } from "#host-sim/flash/store";
import { WitnessLog } from "#meter/witness/log";
import { Witness, type WitnessAnswer } from "#meter/witness/rule";

const NET = "street-7";
const MEMBERS = 12;
const TICKS = 42;
const TICK_MS = 30_000;
const START_MS = 1_700_000_000_000;

const keyOf = (i: number): Uint8Array => new Uint8Array(32).fill(i + 1);

function committeesOf(crypto: Crypto): Committees {
  const members: EpochMember[] = [];
  for (let i = 0; i < MEMBERS; i++) {
    const publicKey = crypto.publicKey(keyOf(i));
    members.push({ node: nodeIdOf(crypto, publicKey), publicKey });
  }
  members.sort((a, b) => (toHex(a.node) < toHex(b.node) ? -1 : 1));
  const fixed = { net: NET, gateway: members[0].node, epoch: 1, startMs: START_MS };
  const times = {
    epsilonMs: 2000,
    tauMs: 10_000,
    beacon: new Uint8Array(32).fill(3),
    reveals: new Uint8Array(0),
  };
  return new Committees(crypto, { ...fixed, ...times, ...potParams(MEMBERS), members });
}

function askAt(crypto: Crypto, author: number, seq: number, tick: number, cancels: boolean) {
  const publicKey = crypto.publicKey(keyOf(author));
  const from = nodeIdOf(crypto, publicKey);
  const cancel = { net: NET, from, seq, beforeTick: tick };
  const tsMs = START_MS + tick * TICK_MS + author;
  const body = {
    net: NET,
    epoch: 1,
    type: TxType.reserve,
    from,
    seq,
    prev: undefined,
    legs: [],
    expiryMs: tsMs,
    cancels: cancels ? signCancel(crypto, keyOf(author), cancel) : undefined,
    parents: [new Uint8Array(32)],
    tsMs,
    tick,
    slot: 1,
  };
  const ask = { net: NET, publicKey, body: bodyRecord.encode(body) };
  const opened = openSigned(
    askRecord,
    crypto,
    signRecord(askRecord, crypto, keyOf(author), ask).bytes,
  );
  if (!opened.ok) throw new Error(opened.detail);
  return opened;
}

function lineOf(answer: WitnessAnswer): string {
  const txid = toHex(answer.txid.slice(0, 4));
  return "code" in answer
    ? `${txid} ${answer.code}`
    : `${txid} ${answer.token.tMs} ${toHex(answer.token.signature)}`;
}

export function witnessRun(crypto: Crypto): string[] {
  const lines: string[] = [];
  const power = new Power([], 5);
  const region = new SimRegion(16, power);
  const store = poweredStore(new Map(), power);
  const entropy = { bytes: (length: number) => new Uint8Array(length).fill(7) };
  const committees = committeesOf(crypto);
  const context = {
    committees: [committees],
    originMs: START_MS,
    tickMs: TICK_MS,
    ageMaxMs: 4 * TICK_MS,
    parentTime: () => ({ tMs: START_MS, block: true }),
  };
  let witness: Witness | undefined;
  for (let tick = 0; tick < TICKS; tick++) {
    if (tick % 7 === 0)
      power.cuts.push({ step: power.steps + 1 + (tick % 5), mode: CUT_MODES[tick % 3] });
    for (let author = 1; author < MEMBERS; author++) {
      try {
        if (!witness) {
          const log = new WitnessLog({ region, store, entropy });
          witness = new Witness({ crypto, net: NET, secretKey: keyOf(0), log });
          lines.push(`${tick} ${log.state} ${log.authors}`);
        }
        const ask = askAt(crypto, author, Math.floor(tick / 2), tick, (tick + author) % 3 === 0);
        lines.push(
          lineOf(witness.ask(ask, ask.value.body.length + START_MS + tick * TICK_MS, context)),
        );
      } catch (error) {
        if (!(error instanceof PowerCut)) throw error;
        witness = undefined;
        lines.push(error.message);
      }
    }
  }
  lines.push(toHex(crypto.sha256(region.flash.cells)));
  return lines;
}
