// SPDX-License-Identifier: Apache-2.0
/** What is looked at when all is settled: I6, I17, I18, I21 and I31, on one honest gateway or all. */
import { toHex } from "#core/codec/bytes";
import { mapHolds } from "#core/crypto/map-proof";
import { accountKey } from "#core/ledger/account-leaf";
import { accountLeafOf } from "#core/ledger/leaves";
import { upRecord } from "#core/records/receipt";
import { audit } from "#gateway/audit/audit";
import { OrderCheck } from "../../smartchain/check-order.ts";
import type { TownGateway } from "../../town/town-gateway.ts";
import { randomStream } from "../../worlds/random.ts";
import { must } from "../violation.ts";
import type { TownArena } from "./arena.ts";
import { differ, fingerprint } from "./fingerprint.ts";

/** Messages that are said again, and how long their turns may take, ms. */
const AGAIN = 12;
const AGAIN_MS = 2000;
/** One run of so many is audited from its log. */
const AUDIT_EVERY = 4;
/** Longest that feeds are waited for, in such turns. */
const FEEDS_TRIES = 10;
/** One run of so many compares orders of deliveries: it takes as long as ten others. */
const ORDERS_EVERY = 8;

export async function finish(arena: TownArena): Promise<void> {
  const { town, present: honest, plan } = arena;
  const random = randomStream(plan.seed, 35);
  // What was said when all slots were over waits for a block that does not come.
  arena.area.caps.finish(arena.checks.blocks.length - 1);
  const one = honest[random.below(honest.length)];
  arena.banks.finish((sold) => arena.area.ledger.settledBy.get(sold));
  proofs(one);
  owners(one);
  if (plan.seed % ORDERS_EVERY === 0)
    new OrderCheck(town.crypto).permuted(one.store, random, arena.area.dag.txs);
  if (plan.seed % AUDIT_EVERY === 0) verified(arena, one);
  await again(arena, one);
  await replayed(arena, one);
  secrets(arena);
}

/** Its log passes the audit of `wattle verify`. */
function verified({ town }: TownArena, { store, options, index }: TownGateway): void {
  const gatewayKey = town.crypto.publicKey(options.secretKey);
  const result = audit(store.read(), { crypto: town.crypto }, { gatewayKey });
  const [fault] = result.ok ? [] : result.faults;
  must(result.ok, "audit", () => `gateway ${index}: ${JSON.stringify(fault)}`);
}

/** I21: a node's balance against the last header's state root. */
function proofs({ gateway }: TownGateway): void {
  const { chain, ports, sessions } = gateway!.area;
  const { crypto } = ports;
  const { stateRoot } = chain.head!.header;
  must(toHex(chain.state.root(crypto)) === toHex(stateRoot), "I21", () => "state root");
  for (const { idBytes, id } of sessions.values()) {
    if (!chain.state.accounts.has(id)) continue;
    const key = accountKey(crypto, idBytes);
    const { found, path } = chain.state.map.prove(crypto, key);
    const { bytes } = accountLeafOf(crypto, chain.state.accountOf(id), chain.state.lockedOf(id));
    must(found && mapHolds(crypto, stateRoot, key, bytes, path), "I21", () => `proof of ${id}`);
  }
}

/** I31: an address is one node's, and a node is one voter. */
function owners({ gateway }: TownGateway): void {
  const { chain, epochs, sessions } = gateway!.area;
  for (const [wallet, node] of chain.state.owners)
    must(sessions.has(node), "I31", () => `${wallet} is nobody's`);
  const members = epochs.latest ? epochs.of(epochs.latest.epoch.epoch)?.epoch.members : undefined;
  const names = new Set((members ?? []).map(({ node }) => toHex(node)));
  const keys = new Set((members ?? []).map(({ publicKey }) => toHex(publicKey)));
  must(names.size === (members ?? []).length && keys.size === names.size, "I31", () => "voters");
}

/** I6: what nodes said before, said again, changes nothing. */
async function again(
  arena: TownArena,
  { gateway, bus, client, index }: TownGateway,
): Promise<void> {
  const { town } = arena;
  const { area } = gateway!;
  const pause = (): Promise<void> => {
    const untilMs = town.agenda.nowMs + AGAIN_MS;
    return arena.until(() => town.agenda.nowMs >= untilMs);
  };
  // A fault that began late ends now: its nodes stay away all the same.
  for (const node of town.nodes) node.silence();
  // What they have kept back of their nodes' messages is new whenever it comes.
  for (const liar of arena.plan.liars) town.gateways[liar.gateway].fall(Number.POSITIVE_INFINITY);
  await pause();
  // What waits in a feed, or is asked for, is not said again: it comes with a turn.
  let quiet = false;
  for (let i = 0; i < FEEDS_TRIES && !quiet; i++) {
    const last = fingerprint(area, false);
    await pause();
    quiet = !waits(arena) && last === fingerprint(area, false);
  }
  const taken = arena.heardAt[index].filter(({ topic, payload }) => {
    const session = area.sessions.get(topic.split("/").at(-3) ?? "");
    if (!session || topic.endsWith("/up/enrol")) return session !== undefined;
    const up = upRecord.decode(payload);
    return up.ok && up.value.seq <= session.saidSeq;
  });
  const before = fingerprint(area, false);
  const step = Math.max(1, Math.floor(taken.length / AGAIN));
  for (let i = 0; i < taken.length; i += step)
    bus.inject(client!, taken[i].topic, taken[i].payload);
  await pause();
  must(
    before === fingerprint(area, false),
    "I6",
    () => `said again: ${differ(before, fingerprint(area, false))}`,
  );
}

function waits({ present }: TownArena): boolean {
  const feeds = present.map(({ gateway }) => gateway?.seat?.replica.feeds);
  if (feeds.some((one) => one && (one.waiting || one.gaps.length > 0))) return true;
  const heights = present.flatMap(({ gateway }) => gateway?.seat?.replica.at.height ?? []);
  return Math.min(...heights) < Math.max(...heights);
}

/** I21: the log, executed again from its beginning, comes to the same. */
async function replayed(arena: TownArena, one: TownGateway): Promise<void> {
  const before = fingerprint(one.gateway!.area);
  one.fall(Number.POSITIVE_INFINITY);
  await one.start();
  const after = one.gateway && fingerprint(one.gateway.area);
  if (!after) return arena.until(() => true);
  must(before === after, "I21", () => `a replay differs: ${differ(before, after)}`);
}

/** I31: no secret key in anything that was said or stored. */
function secrets({ town, spoken }: TownArena): void {
  const all = Buffer.concat(spoken);
  const logs = town.gateways.map(({ store }) =>
    Buffer.concat([...store.read()].map(({ bytes }) => bytes)),
  );
  const keys = [
    ...town.gateways.map(({ options }) => options.secretKey),
    ...town.nodes.map(({ setup }) => setup.config.secretKey),
  ];
  for (const key of keys)
    for (const text of [all, ...logs])
      must(!text.includes(Buffer.from(key)), "I31", () => "a secret key is out");
}
