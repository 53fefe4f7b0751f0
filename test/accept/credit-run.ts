// SPDX-License-Identifier: Apache-2.0
/**
 * One seeded run of a bank and its borrowers: real nodes and a real gateway on a virtual clock, while messages are
 * lost, repeated and said in another's name, nodes lose their power and the gateway dies inside of commits. What
 * has to hold afterwards is asked of the log alone, and of what the nodes were told.
 */
import { toHex } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import { debtMicro, isLive } from "#core/credit/loan";
import { creditFaults } from "#core/ledger/credit-loans";
import { blockRecord, EffectKind } from "#core/records/block";
import { creditTokenRecord, LOAN_STATES, paymentRecord } from "#core/records/credit";
import { audit } from "#gateway/audit/audit";
import { termsOf } from "#gateway/credit/terms";
import { blockEntry, EntryKind, unpackEntry } from "#gateway/entries";
import type { LogStore } from "#gateway/ports";
import { mulberry32 } from "#host-sim/worlds/random";
import type { CreditPolicy } from "#meter/config";
import { openMemoryStore } from "#node/store/memory";
import { crypto, FEED_IN_MICRO, LocalArea, RETAIL_MICRO, worldOf } from "../helpers/local-area.ts";

const SLOT_MS = 900_000;

export interface RunCounts {
  loans: number;
  payments: number;
  repaid: number;
  late: number;
  writtenOff: number;
  refused: number;
  lost: number;
  replayed: number;
  crashes: number;
  cuts: number;
}

class Crash extends Error {
  override readonly name = "Crash";
}

type Random = ReturnType<typeof mulberry32>;

/** A log that fails at some of its appends, before or after it is durable. */
function crashing(random: Random, crashes: number, counts: RunCounts): LogStore {
  const inner = openMemoryStore();
  const at = new Set(Array.from({ length: crashes }, () => 3 + random.below(60)));
  let appends = 0;
  return {
    append(entries) {
      const dies = at.has(++appends);
      const before = dies && random.below(2) === 0;
      if (dies) counts.crashes++;
      if (before) throw new Crash();
      inner.append(entries);
      if (dies) throw new Crash();
    },
    read: (from) => inner.read(from),
    get length() {
      return inner.length;
    },
    drop: (head, before) => inner.drop(head, before),
    get gap() {
      return inner.gap;
    },
    keep: (name, bytes) => inner.keep(name, bytes),
    kept: (name) => inner.kept(name),
    close: () => inner.close(),
  };
}

/** What is drawn for a run. */
function drawn(random: Random) {
  const slots = 5 + random.below(5);
  const homes = 3 + random.below(2);
  const netWh = Array.from({ length: homes }, () => {
    const [sells, takes] = [random.below(4) === 0, random.below(3) === 0];
    return Array.from({ length: slots }, () => {
      if (sells) return -random.below(6000);
      return takes ? random.below(4000) : random.below(8000) - 4500;
    });
  });
  const policies = netWh.map((): CreditPolicy | undefined => {
    if (random.below(8) === 0) return undefined;
    return {
      borrow: random.below(4) === 0 ? "always" : "need",
      capMicro: 200_000 + 1000 * random.below(6000),
      alphaMaxPpm: random.below(6) === 0 ? 1 + random.below(20_000) : 350_000,
      repay: random.below(4) === 0 ? "never" : "income",
    };
  });
  const terms = termsOf(
    random.below(5) === 0 ? "paper" : "meter-backed",
    { feedInMicro: FEED_IN_MICRO, retailMicro: RETAIL_MICRO },
    {
      starterMicro: 100_000 + 1000 * random.below(6000),
      incomeDaysMin: random.below(2),
      validMs: (1 + random.below(4)) * SLOT_MS,
      bufferMs: (1 + random.below(3)) * SLOT_MS,
      patienceMs: (1 + random.below(3)) * SLOT_MS,
      periodMs: (1 + random.below(6)) * SLOT_MS,
    },
  );
  const capitalMicro = random.below(4) === 0 ? 1000 * random.below(4000) : 50_000_000;
  const genesisMicro = random.below(2) * 1000 * random.below(3000);
  const lossPermille = random.below(3) === 0 ? random.below(120) : 0;
  const crashes = random.below(3);
  return { netWh, policies, terms, capitalMicro, genesisMicro, lossPermille, crashes };
}

/** Notes what nodes are told of payments and tokens, and what of it cannot be. */
function listener(
  faults: string[],
  promised: Map<string, string>,
  nodeId: (home: number) => string,
): (home: number, payload: Uint8Array) => void {
  const versions = new Map<string, number>();
  return (home, payload) => {
    const payment = openSigned(paymentRecord, crypto, payload);
    if (payment.ok) {
      const { sold, leg, bought, micro } = payment.value;
      const key = [toHex(sold), leg].join();
      const what = [toHex(bought), micro].join();
      if (promised.has(key) && promised.get(key) !== what) faults.push(`two payments of ${key}`);
      promised.set(key, what);
      return;
    }
    const token = openSigned(creditTokenRecord, crypto, payload);
    if (!token.ok) return;
    const { value } = token;
    const id = toHex(value.token);
    if (toHex(value.node) !== nodeId(home)) faults.push("a token to another");
    if (value.version < (versions.get(id) ?? 0)) faults.push(`I23: version of ${id} falls`);
    versions.set(id, value.version);
  };
}

/** Runs seed `seed`; the faults that were found, in words; none is right. */
export async function creditSeed(seed: number, counts: RunCounts): Promise<string[]> {
  const random = mulberry32(seed);
  const { netWh, policies, terms, capitalMicro, genesisMicro, ...rough } = drawn(random);
  const { lossPermille, crashes } = rough;
  const faults: string[] = [];
  const promised = new Map<string, string>();
  const listen = listener(faults, promised, (home) => area.nodeId(home));
  const said: { topic: string; payload: Uint8Array }[] = [];
  const lost = () => random.below(1000) < lossPermille && ++counts.lost > 0;
  const area: LocalArea = new LocalArea({
    world: worldOf(netWh),
    store: crashing(random, crashes, counts),
    options: { genesisMicro, credit: { capitalMicro, terms }, slotTimeoutMs: 60_000 },
    policy: (home) => ({ trade: true, ...(policies[home] && { credit: policies[home] }) }),
    reboot: "when idle",
    up(home, topic, payload) {
      const loan = topic.endsWith("/up/loan");
      if (loan || random.below(40) === 0) said.push({ topic, payload });
      const old =
        said.length > 0 && random.below(30) === 0 ? said[random.below(said.length)] : undefined;
      if (old) {
        counts.replayed++;
        // As it was, or in the name of another.
        const other = old.topic.replace(/node\/[0-9a-f]+/, `node/${area.nodeId(home)}`);
        const name = random.below(2) === 0 ? old.topic : other;
        area.bus.publish(name, old.payload, { retain: false });
      }
      return !lost();
    },
    down(home, topic, payload) {
      if (!topic.endsWith("/down/credit")) return true; // nothing is lost within a connection
      listen(home, payload);
      return !lost();
    },
    onGatewayFailure(error) {
      if (!(error instanceof Crash)) throw error;
    },
  });

  await area.start();
  for (let cuts = random.below(3); cuts > 0; cuts--) {
    const home = random.below(netWh.length);
    const from = random.below(netWh[0].length);
    let waits = 0;
    await area.run(() => area.gateway.area.settledSlots >= from && waits++ > random.below(4), 5000);
    if (area.gateway.area.finished || !area.running[home]) continue;
    area.stopNode(home);
    area.startNode(home);
    counts.cuts++;
  }
  await area.run(() => false, 20_000);
  faults.push(...checked(area, promised, counts));
  return faults;
}

/** What has to hold of the log and of the state that it leads to. */
function checked(
  area: LocalArea,
  promised: ReadonlyMap<string, string>,
  counts: RunCounts,
): string[] {
  const faults: string[] = [];
  const { state } = area;
  const result = audit(area.store.read(), { crypto });
  if (!result.ok)
    for (const { code, detail } of result.faults.slice(0, 3)) faults.push(`${code}: ${detail}`);
  faults.push(...creditFaults(state));
  const { walletsMicro, lockedMicro } = state.sums();
  const { genesisMicro, mintedMicro, burnedMicro, reservesMicro } = state.totals;
  const held = walletsMicro + lockedMicro + state.sharedMicro + reservesMicro + burnedMicro;
  if (held !== genesisMicro + mintedMicro) faults.push(`I1: ${held} µc`);
  const paid = new Map<string, string>();
  for (const { kind, bytes } of area.store.read()) {
    if (kind !== EntryKind.block) continue;
    const block = blockRecord.decode(unpackEntry(blockEntry, bytes).block);
    if (!block.ok) continue;
    for (const effect of block.value.effects) {
      if (effect.kind === EffectKind.lend) counts.loans++;
      if (effect.kind === EffectKind.late) counts.late++;
      if (effect.kind === EffectKind.writeOff) counts.writtenOff++;
      if (effect.kind !== EffectKind.pay) continue;
      const what = [toHex(effect.bought!), effect.micro].join();
      paid.set([toHex(effect.sold!), effect.leg].join(), what);
    }
  }
  for (const [key, what] of promised)
    if (paid.get(key) !== what) faults.push(`promised and not paid: ${key}`);
  counts.payments += promised.size;
  for (const entry of state.credits.values()) {
    counts.repaid += entry.onTime;
    const { line } = entry;
    if (!line) continue;
    if (line.loan.state === "BLACKLIST" && isLive(line.loan)) faults.push("I29");
    if (debtMicro(line.loan) < 0) faults.push("I27: a debt below 0");
  }
  for (const code of area.gateway.area.credit.refused.values()) counts.refused += code;
  for (const [code, n] of area.gateway.area.counters.byCode)
    if (/^(LOAN|CREDIT|TOKEN|BANK)_/.test(code)) counts.refused += n;
  faults.push(...nodesKnow(area));
  for (const { event, facts } of area.logs)
    if (event === "alarm") faults.push(`alarm ${JSON.stringify(facts)}`);
  return faults;
}

/** A node that was told the end of its loan knows no other debt than the ledger's. */
function nodesKnow(area: LocalArea): string[] {
  const faults: string[] = [];
  area.running.forEach((running, home) => {
    const borrower = running?.node.slots.borrower;
    const line = area.state.credits.peek(area.nodeId(home))?.line;
    if (!borrower?.state || !line || area.setup.down === undefined) return;
    if (!LOAN_STATES.includes(borrower.state)) faults.push(`home ${home} knows ${borrower.state}`);
    if (borrower.debtMicro > line.loan.principalMicro + line.loan.amountMicro)
      faults.push(`home ${home} owes ${borrower.debtMicro} µc`);
  });
  return faults;
}

export function noCounts(): RunCounts {
  return {
    ...{ loans: 0, payments: 0, repaid: 0, late: 0, writtenOff: 0 },
    ...{ refused: 0, lost: 0, replayed: 0, crashes: 0, cuts: 0 },
  };
}
