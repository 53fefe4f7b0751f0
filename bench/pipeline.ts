// SPDX-License-Identifier: Apache-2.0
/**
 * Targets 1, 3 and 6: what a trade costs the gateway, from its MQTT publish to its signed receipt. A trade
 * is one transaction (an OFFER): signature and tokens checked, in the DAG, and durable before its receipt.
 * Three gateways are measured in turn: with proof-of-time (six signatures a trade), without (one), and
 * without group commit. Their shares of the verifier's bound are medians over the rounds; the first is for
 * warming up.
 */
import type { Bound, RunResult, Usage } from "./load/messages.ts";
import { Rig } from "./load/rig.ts";
import { judged, median, percent, progress, type Target } from "./target.ts";

const IN_FLIGHT = 512;
const SHARE_MIN = 0.45;
const SHARE_LATER = 0.75;
const GROUP_RATIO_MIN = 7;
const STORE_SHARE_MAX = 0.1;
/** Long enough that no slot ends while it is measured: what that takes is target 2's. */
const SLOT_SECONDS = 1200;

/** One segment of one gateway. */
interface Segment {
  perSecond: number;
  cpuUs: number;
  /** Of the verifier's own bound: what the same signatures take alone. */
  share: number;
  storeShare: number;
  perCommit: number;
  verifyUs: number;
}

interface Kind {
  name: string;
  count: number;
  rig: Rig;
  segments: Segment[];
}

export interface PipelineOptions {
  members: number;
  rounds: number;
  /** Trades of a segment with tokens; twice as many without. */
  count: number;
}

export const FULL: PipelineOptions = { members: 1024, rounds: 4, count: 4096 };
export const QUICK: PipelineOptions = { members: 256, rounds: 2, count: 1024 };

export async function pipeline(options: PipelineOptions): Promise<Target[]> {
  const kinds = await startAll(options);
  try {
    for (let round = 0; round < options.rounds; round++)
      for (const kind of kinds) {
        const segment = await measure(kind.rig, kind.count);
        const { perSecond, cpuUs, share } = segment;
        const figures = `${perSecond.toFixed(0)} trades/s, ${cpuUs.toFixed(0)} µs of processor each`;
        const warm = round === 0 ? " (warming up)" : "";
        progress(`${kind.name.padEnd(16)} ${figures}, ${percent(share)} of its bound${warm}`);
        if (round > 0) kind.segments.push(segment);
      }
  } finally {
    await Promise.all(kinds.map(({ rig }) => rig.stop()));
  }
  const [tokens, single, each] = kinds.map(({ segments }) => segments);
  return [...shares(tokens, single), grouped(single, each), stored(tokens, single)];
}

async function startAll({ members, count }: PipelineOptions): Promise<Kind[]> {
  const base = { members, slotSeconds: SLOT_SECONDS };
  const kinds: Kind[] = [];
  const add = async (name: string, size: number, proofOfTime: boolean, commitEach = false) => {
    const rig = await Rig.start({ ...base, proofOfTime, commitEach });
    kinds.push({ name, count: size, rig, segments: [] });
  };
  await add("six signatures", count, true);
  await add("one signature", 2 * count, false);
  await add("a commit each", count, false, true);
  return kinds;
}

async function measure(rig: Rig, count: number): Promise<Segment> {
  await rig.sign(count);
  const bounds: Bound[] = [await rig.bound()];
  const before = await rig.usage();
  const run = await rig.run({ inFlight: IN_FLIGHT });
  const after = await rig.usage();
  bounds.push(await rig.bound());
  assertGood(run, before, after);
  const cpuUs = after.cpuUs - before.cpuUs;
  const verifyUs = (bounds[0].verifyUs + bounds[1].verifyUs) / 2;
  return {
    perSecond: (1000 * count) / run.elapsedMs,
    cpuUs: cpuUs / count,
    share: (verifyUs * (after.signatures - before.signatures)) / cpuUs,
    storeShare: (after.storeUs - before.storeUs) / cpuUs,
    perCommit: count / (after.commits - before.commits),
    verifyUs,
  };
}

/** Everything that was said was taken: another load would be measured otherwise. */
export function assertGood({ count, refused }: RunResult, before: Usage, after: Usage): void {
  const taken = after.transactions - before.transactions;
  if (refused === 0 && taken === count) return;
  const codes = JSON.stringify(after.notAccepted);
  throw new Error(`${taken} of ${count} trades were taken, ${refused} refused: ${codes}`);
}

function shares(tokens: readonly Segment[], single: readonly Segment[]): Target[] {
  const line = (
    target: string,
    what: string,
    segments: readonly Segment[],
    note: string,
  ): Target => {
    const share = median(segments.map((segment) => segment.share));
    const cpuUs = median(segments.map((segment) => segment.cpuUs));
    const verifyUs = median(segments.map((segment) => segment.verifyUs));
    const figures = `${cpuUs.toFixed(0)} µs a trade, ${verifyUs.toFixed(1)} µs a signature`;
    return {
      target,
      what,
      required: `≥ ${percent(SHARE_MIN)} (later ${percent(SHARE_LATER)})`,
      measured: `${percent(share)} (${figures})`,
      result: judged(share >= SHARE_MIN),
      note,
    };
  };
  return [
    line(
      "1",
      "trades per CPU-second, of the verifier's bound, m = 5 tokens",
      tokens,
      "six signatures a trade (author, five witnesses), with aedes in the process; each draws a committee",
    ),
    line(
      "1b",
      "the same without proof-of-time",
      single,
      "one signature a trade: a signed receipt takes half of what checking it does, and MQTT both ways takes more",
    ),
  ];
}

function grouped(group: readonly Segment[], each: readonly Segment[]): Target {
  const ratios = group.map((segment, round) => segment.perSecond / each[round].perSecond);
  const ratio = median(ratios);
  const rate = (segments: readonly Segment[]) =>
    median(segments.map(({ perSecond }) => perSecond)).toFixed(0);
  const perCommit = median(group.map((segment) => segment.perCommit)).toFixed(0);
  return {
    target: "3",
    what: "group commit to one fdatasync a trade, one signature",
    required: `≥ ${GROUP_RATIO_MIN}`,
    measured: `${ratio.toFixed(2)} (${rate(group)} and ${rate(each)} a second, ${perCommit} in a commit)`,
    result: judged(ratio >= GROUP_RATIO_MIN),
    note: "through the whole gateway: with group commit the processor is the limit and no more the disk (see 3b)",
  };
}

function stored(tokens: readonly Segment[], single: readonly Segment[]): Target {
  const [most, least] = [single, tokens].map((segments) =>
    median(segments.map(({ storeShare }) => storeShare)),
  );
  return {
    target: "6",
    what: "store, of the processor time of a trade",
    required: `≤ ${percent(STORE_SHARE_MAX)}`,
    measured: `${percent(least)} (one signature: ${percent(most)})`,
    result: judged(Math.max(least, most) <= STORE_SHARE_MAX),
    note: "sealing and SQLite, in the thread that calls them",
  };
}
