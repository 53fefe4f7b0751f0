// SPDX-License-Identifier: Apache-2.0
/** Attacks of ledger 4.4 on one witness, and with tokens that were honestly given. */
import { WITNESS_CHECKS_PER_TICK } from "#core/limits";
import { Committees } from "#core/pot/committee";
import { type Attack, N, others, start, tokensOf } from "./attack.ts";
import { AGE_MAX_MS, Lab, TICK_MS } from "./lab.ts";

function spam(seed: number, forgets = false): boolean {
  const { lab, author, at } = start(seed);
  const witness = others(at)[lab.random.below(N - 1)];
  if (forgets) lab.forgetful(witness);
  let checked = 0;
  const { verify } = lab.crypto;
  lab.crypto.verify = (...args) => {
    checked++;
    return verify(...args);
  };
  let signed = 0;
  for (let i = 0; i < 60; i++) {
    const body = lab.body(author, { seq: 1 + lab.random.below(40), expiryMs: lab.nowMs + i });
    if (lab.signs(witness, author, body)) signed++;
  }
  return signed > 1 || checked > WITNESS_CHECKS_PER_TICK;
}

function hoarding(seed: number): boolean {
  const { lab, author, at } = start(seed);
  const witness = others(at)[lab.random.below(N - 1)];
  const ahead = 2 + lab.random.below(200);
  const later = { tick: lab.tick + ahead, tsMs: lab.nowMs + ahead * TICK_MS };
  // Ahead of its time; with a tick that is not its stamp's; in an epoch that has no beacon yet.
  if (lab.signs(witness, author, lab.body(author, later))) return true;
  if (lab.signs(witness, author, lab.body(author, { tick: later.tick }))) return true;
  if (lab.signs(witness, author, lab.body(author, { epoch: 4 }))) return true;
  // Collected now, and used for other parents.
  const body = lab.body(author);
  const pot = tokensOf(lab, author, others(at), body);
  const fresh = { ...body, parents: [new Uint8Array(32).fill(9)] };
  return lab.valid(lab.tx(author, fresh, pot));
}

/** Witnesses who take the stamp for the time: tokens of an hour ahead. */
function ahead(seed: number): boolean {
  const { lab, author, at } = start(seed);
  const tick = lab.tick + 120;
  const body = lab.body(author, { tick, tsMs: lab.nowMs + 120 * TICK_MS });
  lab.ageMaxMs = Number.MAX_SAFE_INTEGER;
  const pot = others(at).flatMap((index) => {
    const answer = lab.ask(index, author, body, body.tsMs);
    return "token" in answer ? [answer.token] : [];
  });
  return lab.valid(lab.tx(author, body, pot));
}

function replay(seed: number, unbound = false): boolean {
  const { lab, author, at } = start(seed);
  if (unbound) lab.unbind();
  const body = lab.body(author);
  const pot = tokensOf(lab, author, others(at), body);
  if (!lab.valid(lab.tx(author, body, pot))) throw new Error("the attack needs a valid one");
  const other = lab.people[others(at)[0]];
  const elsewhere = new Lab(seed + 1_000_000, N);
  return [
    { ...body, seq: 2 },
    { ...body, expiryMs: body.expiryMs + 1 },
    { ...body, tick: body.tick + 1 },
    { ...body, net: "other" },
    { ...body, from: other.id },
  ].some(
    (changed) =>
      lab.valid(lab.tx(author, changed, pot)) || elsewhere.valid(lab.tx(author, changed, pot)),
  );
}

/** `loses`: nothing, the log, or all of its memory: even that there was a log. */
function amnesia(seed: number, loses?: "all"): boolean {
  const { lab, author, at } = start(seed);
  const witness = others(at)[lab.random.below(N - 1)];
  if (!lab.signs(witness, author, lab.body(author))) throw new Error("the attack needs a token");
  lab.restart(witness, loses === "all" || lab.random.below(2) === 0, loses === "all");
  const rivals = [
    lab.body(author, { expiryMs: lab.nowMs + 7 }),
    lab.body(author, { seq: 2, prev: new Uint8Array(32).fill(3) }),
  ];
  return rivals.some((body) => lab.signs(witness, author, body));
}

function parasite(seed: number, anyAge = false): boolean {
  const { lab, author, at } = start(seed);
  const old = new Uint8Array(32).fill(5);
  const ageMs = AGE_MAX_MS + 1 + lab.random.below(1_000_000);
  if (anyAge) lab.ageMaxMs = Number.MAX_SAFE_INTEGER;
  lab.parents.set(String(old), { tMs: lab.nowMs - ageMs, block: false });
  const witness = others(at)[lab.random.below(N - 1)];
  const both = lab.body(author, { parents: [lab.root, old] });
  return (
    lab.signs(witness, author, both) ||
    lab.signs(witness, author, lab.body(author, { parents: [old] }))
  );
}

/** Collected, kept back, and shown when it may not be a parent any more, or two epochs later. */
function withholding(seed: number, anyAge = false): boolean {
  const { lab, author, at } = start(seed);
  const body = lab.body(author);
  const tx = lab.tx(author, body, tokensOf(lab, author, others(at), body));
  if (!lab.valid(tx)) throw new Error("the attack needs a valid one");
  lab.parents.set(String(tx.txid), { tMs: lab.nowMs, block: false });
  lab.nowMs += AGE_MAX_MS + 1 + lab.random.below(1_000_000);
  if (anyAge) lab.ageMaxMs = Number.MAX_SAFE_INTEGER;
  const next = lab.people[others(at)[0]];
  const parent = lab.signs(others(at)[1], next, lab.body(next, { parents: [tx.txid] }));
  const later = new Committees(lab.crypto, { ...lab.epoch, epoch: lab.epoch.epoch + 2 });
  return parent || lab.validIn(later, tx);
}

const always = (what: string, run: (seed: number) => boolean) => ({ what, run, rate: 1 });

export const WITNESS_ATTACKS: readonly Attack[] = Object.freeze([
  {
    name: "spam",
    stated: "one member",
    defence: "one body a tick, bounded checks",
    run: (seed) => spam(seed),
    without: [always("a witness that forgets", (seed) => spam(seed, true))],
  },
  {
    name: "hoarding",
    stated: "one member",
    defence: "the tick is the present one",
    run: hoarding,
    without: [always("witnesses that take the stamp for the time", ahead)],
  },
  {
    name: "replay",
    stated: "anybody",
    defence: "a token binds all of a body",
    run: (seed) => replay(seed),
    without: [always("signatures that bind nothing", (seed) => replay(seed, true))],
  },
  {
    name: "crash-amnesia",
    stated: "one witness",
    defence: "durable log, abstains",
    run: (seed) => amnesia(seed),
    without: [always("flash and key-value store both blank", (seed) => amnesia(seed, "all"))],
  },
  {
    name: "parasite chain",
    stated: "one member",
    defence: "V5",
    run: (seed) => parasite(seed),
    without: [always("parents of any age", (seed) => parasite(seed, true))],
  },
  {
    name: "withholding",
    stated: "one member",
    defence: "V5; the epoch or the one before",
    run: (seed) => withholding(seed),
    without: [always("parents of any age", (seed) => withholding(seed, true))],
  },
]);
