// SPDX-License-Identifier: Apache-2.0
/**
 * One run of a small area in which one node loses its power at one moment of one write of its
 * flash.
 */
import assert from "node:assert/strict";
import { toHex } from "#core/codec/bytes";
import { type Code, codeOfWire } from "#core/errors/codes";
import { upRecord } from "#core/records/receipt";
import { countingStore, memoryStore, PowerCut, type WriteMoment } from "#host-sim/fleet/store";
import { Journal } from "#meter/journal";
import { RegisterKeeper } from "#meter/register/keeper";
import { LocalArea, type LocalAreaSetup, openReceipt, worldOf } from "../helpers/local-area.ts";
import { auditLog, type LogAudit, SaidWatch } from "../helpers/log-audit.ts";
import { Rng } from "../property/rng.ts";

/** The node that loses its power: it sells in some slots and buys in others. */
export const VICTIM = 0;

const NET_WH = [
  [400, -900, 500, -700, 300, -100],
  [-900, 600, -200, 800, -500, 900],
  [300, 500, -600, -100, 700, -50],
  [-200, 200, 300, 400, -400, 100],
];

/** Homes of a day: 24 slots of an hour, in which each sells and buys. */
const DAY_NET_WH = (() => {
  const rng = new Rng(24);
  return NET_WH.map(() => Array.from({ length: 24 }, () => rng.below(1801) - 900));
})();

export interface CutCase {
  /** Number of the write, from 1; 0: no cut. */
  write: number;
  moment: WriteMoment;
  /** What happens next: see LocalAreaSetup; `late`: not before the slot was given up. */
  reboot: "at once" | "when idle" | "late";
  /**
   * Every how many messages between the victim and the gateway one is lost around the cut; 0: none.
   */
  loseEvery?: number;
  /** A second cut, at this write after the first. */
  againAfter?: number;
  market?: Partial<LocalArea["options"]["market"]>;
  /** A whole day in slots of an hour, in place of six slots. */
  day?: boolean;
}

export interface CutResult {
  writes: number;
  tradedWh: Map<number, number>;
  registers: string;
  paidWh: number;
  paidMicro: number;
  /** Slots that did not wait for the victim, or not to the end. */
  missed: number[];
}

/** Messages lost around a cut: from this many writes before it, and no more than this many. */
const LOSSY_WRITES = 4;
const LOST_MAX = 8;

const NONE: ReadonlySet<Code> = new Set();
/**
 * What a node may say to which the slot went on without it, or that did not hear the latest caps.
 */
const LATE: ReadonlySet<Code> = new Set(["ORDER_LATE", "TX_PARENT_UNKNOWN", "ORDER_NO_RESERVE"]);

interface Watch {
  cutting: CutCase;
  lost: number;
  writes: number;
  cut: boolean;
  lossy: boolean;
  passed: number;
  said: SaidWatch;
  receipts: { upTo: number; digest: Uint8Array }[];
}

/** Runs the case to its end and checks everything that must hold in it. */
export async function runCut(cut: CutCase): Promise<CutResult> {
  const watch: Watch = {
    cutting: cut,
    lost: 0,
    writes: 0,
    cut: false,
    lossy: false,
    passed: 0,
    said: new SaidWatch(),
    receipts: [],
  };
  const inner = memoryStore();
  const flash = countingStore(inner, (n, moment) => {
    watch.writes = n;
    watch.lossy = !watch.cut && !!cut.loseEvery && cut.write - n < LOSSY_WRITES;
    const again = cut.againAfter === undefined ? 0 : cut.write + cut.againAfter;
    if ((n !== cut.write && n !== again) || moment !== cut.moment) return;
    watch.cut = true;
    throw new PowerCut(`write ${n}`);
  });
  const area = new LocalArea({
    world: cut.day ? worldOf(DAY_NET_WH, 10_000, 3600) : worldOf(NET_WH),
    flash: (home) => (home === VICTIM ? flash : memoryStore()),
    reboot: cut.reboot === "late" ? "by hand" : cut.reboot,
    ...wires(cut, watch),
    options: {
      market: {
        timing: "ex-post",
        mode: "auction",
        pricing: "uniform",
        kPermille: 500,
        ...cut.market,
      },
    },
  });
  await area.start();
  if (cut.reboot === "late") await runLate(area);
  else await area.run();
  return checked(area, watch, inner);
}

/** The victim comes back when the gateway has given it up, or when everything else is over. */
async function runLate(area: LocalArea): Promise<void> {
  const gone = () => area.running[VICTIM] === undefined;
  await area.run(gone);
  if (!gone()) return;
  const missed = () => area.logs.some((line) => line.event === "node-missed");
  await area.run(() => missed() || area.gateway.area.sessions.size < 4, 50).catch(() => {});
  area.startNode(VICTIM);
  await area.run();
}

function wires(cut: CutCase, watch: Watch): Pick<LocalAreaSetup, "up" | "down"> {
  // Only what goes through a connection that is about to break may be lost: MQTT repeats the rest.
  const passes = () => {
    if (!watch.lossy || watch.lost >= LOST_MAX) return true;
    if (++watch.passed % (cut.loseEvery ?? 1) !== 0) return true;
    watch.lost++;
    return false;
  };
  return {
    up: (home, topic, payload) => {
      const [, kind] = /\/up\/(\w+)$/.exec(topic) ?? [];
      if (home !== VICTIM || !kind) return true;
      if (kind !== "enrol") {
        const up = upRecord.decode(payload);
        assert.ok(up.ok);
        watch.said.take(kind, up.value.seq, up.value.content);
      }
      return passes();
    },
    down: (home, topic, payload) => {
      if (home !== VICTIM) return true;
      if (topic.endsWith("/down/receipt")) watch.receipts.push(openReceipt(payload));
      return passes();
    },
  };
}

function checked(area: LocalArea, watch: Watch, flash: ReturnType<typeof memoryStore>): CutResult {
  const { area: gateway } = area.gateway;
  const audit = auditLog(area.store);
  const victim = area.nodeId(VICTIM);
  area.state.assertConserved();
  checkReceipts(area, audit, watch);
  const said = audit.said.get(victim)!;
  said.contents.forEach((content, i) => {
    assert.equal(watch.said.contents.get(i + 1), toHex(content), "the log has what the node said");
  });
  const refused = said.codes.filter((code) => code !== 0).map((code) => codeOfWire(code)!);
  const { reboot, loseEvery } = watch.cutting;
  const excused = reboot === "late" || loseEvery ? LATE : NONE;
  assert.deepEqual(
    refused.filter((code) => !excused.has(code)),
    [],
    "nothing that an honest node says is refused",
  );
  const journal = new Journal(flash);
  const kept = new RegisterKeeper(flash, journal).recover(journal.recover().registers);
  const last = said.registers.at(-1)!;
  assert.ok(kept.importMwh >= last.importMwh, "the store has the registers that were signed");
  assert.ok(kept.exportMwh >= last.exportMwh);
  // A node whose contract was lost on the way is right to complain that it has none.
  const alarms = area.logs.filter((line) => line.event === "alarm" || line.event === "tx-rejected");
  const complaint = JSON.stringify(alarms);
  assert.ok(alarms.length === 0 || (loseEvery && /ORDER_NOT_INCLUDED/.test(complaint)), complaint);
  const missed: number[] = [];
  for (const [slot, nodes] of audit.expected) if (!nodes.includes(victim)) missed.push(slot);
  for (const { slot, nodes } of gateway.missedSlots) {
    assert.deepEqual(nodes, [victim], "only the victim can be missing");
    missed.push(slot);
  }
  const { paidWh, paidMicro, clearedWh: tradedWh } = audit;
  const registers = [...audit.said]
    .map(
      ([id, log]) => `${id} ${log.registers.at(-1)!.importMwh} ${log.registers.at(-1)!.exportMwh}`,
    )
    .sort()
    .join("\n");
  return { writes: watch.writes, tradedWh, registers, paidWh, paidMicro, missed };
}

function checkReceipts(area: LocalArea, audit: LogAudit, watch: Watch): void {
  const digests = audit.said.get(area.nodeId(VICTIM))!.digests;
  for (const { upTo, digest } of watch.receipts) {
    assert.ok(upTo < digests.length, `receipted up to ${upTo}, the log has ${digests.length - 1}`);
    assert.equal(toHex(digests[upTo]), toHex(digest), "the receipt is over what the log has");
  }
}
