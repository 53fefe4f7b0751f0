// SPDX-License-Identifier: Apache-2.0
/** What a secure demo has to come to, and what it came to. */
import type { Crypto } from "#core/crypto/port";
import type { LogEntry } from "#gateway/ports";
import type { AssembledRun } from "../../report/assemble.ts";
import type { BarredNode, SecureCheck, SecureFacts } from "../../report/secure.ts";
import type { Watch } from "../watch.ts";
import { type SlotTotals, sameTotals, simulated, slotTotals } from "./reference.ts";
import { tradableWh } from "./roles.ts";
import { REASON, type SecureRun } from "./run.ts";
import { firstSlotWithout, type Trace, traceOf } from "./trace.ts";

export interface Evidence {
  secure: SecureRun;
  run: AssembledRun;
  entries: Iterable<LogEntry>;
  crypto: Crypto;
  nodesLog: string;
  tls: Watch["tls"];
}

/** Compares the run with the simulator, which runs here. */
export async function secureFacts(evidence: Evidence): Promise<SecureFacts> {
  const { secure, run, crypto } = evidence;
  const { roles, enrolled, metrics, anchorKey } = secure;
  const trace = traceOf(evidence.entries, crypto);
  const told = toldIn(evidence.nodesLog);
  const revokedIn = trace.revokedIn.get(enrolled[roles.revoked].serial) ?? run.summary.slots;
  const barred = (home: number, slot: number): BarredNode => {
    const { claimed: _, ...node } = enrolled[home];
    return {
      ...node,
      slot,
      firstSlotWithout: firstSlotWithout(trace, node.id) ?? null,
      shownMicro: secure.asked.get(home)?.shownMicro ?? null,
      ledgerMicro: Number(lastOf(run, node.name)),
      told: told.get(node.name) ?? [],
    };
  };
  const facts: SecureFacts = {
    authority: { name: "demo", anchorKey },
    tls: evidence.tls ?? { version: "none", cipher: "none" },
    enrolled: enrolled.map(({ claimed: _, ...node }) => node),
    revoked: {
      ...barred(roles.revoked, revokedIn),
      reason: REASON,
      askedAfterSlot: secure.revokedAfter - 1,
    },
    expired: barred(roles.expired, roles.endSlot),
    notAccepted: metrics?.notAccepted ?? {},
    connectRefused: metrics?.connectRefused ?? {},
    publishDenied: metrics?.publishDenied ?? {},
    checks: [],
  };
  facts.checks.push(
    ...ledgerChecks(evidence, facts),
    ...(await marketChecks(evidence, revokedIn)),
    ...memberChecks(evidence, facts, trace, told),
    ...doorChecks(secure, facts),
  );
  return facts;
}

/** What `name` owns after the last slot, µc. */
function lastOf({ balances }: AssembledRun, name: string): number | bigint {
  return balances.nodes.find((one) => one.node === name)?.micro.at(-1) ?? 0;
}

function check(what: string, required: unknown, measured: unknown, pass?: boolean): SecureCheck {
  const [a, b] = [String(required), String(measured)];
  return { what, required: a, measured: b, pass: pass ?? a === b };
}

function ledgerChecks({ secure, run }: Evidence, { enrolled }: SecureFacts): SecureCheck[] {
  const { summary, checked } = run;
  const { genesisMicro, mintedMicro, walletsMicro, lockedMicro, reservesMicro, burnedMicro } =
    summary.coins;
  const held = [walletsMicro, lockedMicro, reservesMicro, burnedMicro];
  const sum = (all: readonly (number | bigint)[]) =>
    all.reduce<bigint>((a, b) => a + BigInt(b), 0n);
  const out = new Set(
    [secure.roles.revoked, secure.roles.expired].map((home) => enrolled[home].id),
  );
  const missed = (summary.missed as { slot: number; nodes: string[] }[]).filter(({ nodes }) =>
    nodes.some((node) => !out.has(node)),
  );
  const { length } = secure.market.world.homes;
  const { entries, signatures } = checked;
  // Of a log with a fault no report is made.
  const log = `no fault in ${entries} entries and ${signatures} signatures`;
  return [
    check("The log, checked again as wattle verify does", "no fault", log, signatures > 0),
    check("Coins made = coins held, µc", sum([genesisMicro, mintedMicro]), sum(held)),
    check("Slots settled", summary.slots, summary.slotsSettled),
    check("Slots missed by members", "none", missed.map(({ slot }) => slot).join() || "none"),
    check("Enrolled by claim code", length, secure.enrolled.filter((one) => one.claimed).length),
  ];
}

/** Slot by slot against the simulator's, and what was traded against the data alone. */
async function marketChecks(
  { secure, run, crypto }: Evidence,
  revokedIn: number,
): Promise<SecureCheck[]> {
  const { roles, market } = secure;
  const { world } = market;
  const traded = slotTotals(run.settlements, world.slots);
  /** Homes that are out in `slot` where one is from `from` on. */
  const outIn = (slot: number, from = revokedIn + 1): number[] => [
    ...(slot >= from ? [roles.revoked] : []),
    ...(slot >= roles.endSlot ? [roles.expired] : []),
  ];
  const groups = new Map<string, number[]>();
  for (const slot of traded.keys()) {
    const slots = groups.get(outIn(slot).join()) ?? [];
    slots.push(slot);
    groups.set(outIn(slot).join(), slots);
  }
  const checks: SecureCheck[] = [];
  const expected = new Map<string, SlotTotals[]>();
  for (const [key, slots] of groups) {
    const [first, last] = [slots[0], slots[slots.length - 1]];
    const out = outIn(first);
    const totals = await simulated(crypto, market, out, last + 1);
    expected.set(key, totals);
    const names = out.map((home) => world.homes[home].name).join(" and ");
    const what = `Slots ${first} to ${last}, as simulated ${names ? `without ${names}` : "with all"}`;
    const exact = slots.filter((slot) => slot !== revokedIn);
    checks.push(compare(what, exact, totals, traded));
  }
  const present = expected.get(outIn(revokedIn).join())?.[revokedIn];
  const absent = expected.get(outIn(revokedIn, revokedIn).join())?.[revokedIn];
  if (present) checks.push(underWay(revokedIn, traded[revokedIn], present, absent));
  const { timing, mode } = market.market;
  if (timing !== "ex-post" || mode !== "auction") return checks;
  const differs = [...traded.keys()].filter(
    (slot) => slot !== revokedIn && traded[slot].tradedWh !== tradableWh(world, slot, outIn(slot)),
  );
  const inData = "Slots whose energy is not what the data have for the members of that slot";
  return [...checks, check(inData, "none", differs.join() || "none")];
}

export function compare(
  what: string,
  slots: readonly number[],
  expected: readonly SlotTotals[],
  traded: readonly SlotTotals[],
): SecureCheck {
  const differ = slots.filter((slot) => !sameTotals(expected[slot], traded[slot]));
  const sum = (totals: readonly SlotTotals[]) => {
    const all = { settlements: 0, tradedWh: 0, paidMicro: 0 };
    for (const slot of slots) {
      all.settlements += totals[slot].settlements;
      all.tradedWh += totals[slot].tradedWh;
      all.paidMicro += totals[slot].paidMicro;
    }
    return `${all.tradedWh} Wh in ${all.settlements} trades for ${all.paidMicro} µc`;
  };
  const others = differ.length > 0 ? `; other totals in slots ${differ.join()}` : "";
  return check(what, sum(expected), `${sum(traded)}${others}`, differ.length === 0);
}

/** While a slot is open, a revocation may come before a member's order, or before it has sold or bought. */
export function underWay(
  slot: number,
  traded: SlotTotals,
  present: SlotTotals,
  absent: SlotTotals | undefined,
): SecureCheck {
  const what = `Slot ${slot}, in which it was revoked`;
  const required = `${present.tradedWh} Wh as with all, ${absent?.tradedWh ?? 0} Wh as without, or part of it`;
  const as = sameTotals(traded, present)
    ? "as with all"
    : absent && sameTotals(traded, absent)
      ? "as without it"
      : "what it owed was left to the meters";
  const pass = traded.tradedWh <= present.tradedWh;
  return check(what, required, `${traded.tradedWh} Wh, ${as}`, pass);
}

function memberChecks(
  { secure, run }: Evidence,
  { revoked, expired }: SecureFacts,
  { expected }: Trace,
  told: ReadonlyMap<string, string[]>,
): SecureCheck[] {
  const slots = expected.size;
  const tradesAfter = ({ name, slot }: BarredNode) =>
    run.settlements.filter((one) => one.slot > slot && (one.seller === name || one.buyer === name))
      .length;
  const inTime = ({ slot, firstSlotWithout }: BarredNode) =>
    slot < slots && (firstSlotWithout ?? slots) <= slot + 1;
  const waits = secure.waiting.find(({ name }) => name === expired.name);
  const all = [...told.values()];
  const asked = all.filter((codes) =>
    ["NOT_ENROLLED", "ENROL_PENDING"].every((code) => codes.includes(code)),
  );
  const checks = [
    check("Told NOT_ENROLLED and ENROL_PENDING before", secure.enrolled.length, asked.length),
    check(
      "The expired one's request to renew",
      `of ${expired.serial}`,
      `of ${waits?.renews ?? "none"}`,
    ),
  ];
  for (const [one, code] of [
    [revoked, "CERT_REVOKED"],
    [expired, "CERT_EXPIRED"],
  ] as const) {
    const first = `slot ${one.firstSlotWithout ?? "none"}`;
    checks.push(
      check(`${one.name} is told`, code, one.told.join(), one.told.includes(code)),
      check(`${one.name} is out within a slot`, `≤ slot ${one.slot + 1}`, first, inTime(one)),
      check(`Trades of ${one.name} after slot ${one.slot}`, 0, tradesAfter(one)),
      check(`Balance that ${one.name} reads afterwards, µc`, one.ledgerMicro, one.shownMicro),
    );
  }
  return checks;
}

function doorChecks({ tried }: SecureRun, { tls, connectRefused }: SecureFacts): SecureCheck[] {
  const refused = Object.values(connectRefused).reduce((sum, count) => sum + count, 0);
  return [
    check("TLS", "TLSv1.2 or later", tls.version, ["TLSv1.2", "TLSv1.3"].includes(tls.version)),
    ...tried.map(({ what, refused }) =>
      check(`CONNECT with ${what}`, "refused", refused ? "refused" : "accepted"),
    ),
    check("CONNECT refused, by the metrics", `≥ ${tried.length}`, refused, refused >= tried.length),
  ];
}

/** Codes that nodes were told, by name. */
function toldIn(log: string): Map<string, string[]> {
  const told = new Map<string, string[]>();
  for (const [, json] of log.matchAll(/^\w+ not-admitted (\{.*\})$/gm)) {
    const { node, code } = JSON.parse(json) as { node: string; code: string };
    const codes = told.get(node) ?? [];
    if (!codes.includes(code)) codes.push(code);
    told.set(node, codes);
  }
  return told;
}
