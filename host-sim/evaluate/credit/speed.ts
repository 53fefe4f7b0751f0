// SPDX-License-Identifier: Apache-2.0
/**
 * Fig. 5: protocol F5-N. A hundred nodes with twenty coins each trade for 240 minutes; each wants to buy
 * every 120/f minutes, from anyone, for 1 to 20 coins. The coins are locked at the start and reach the seller
 * after the confirmation time; a purchase without coins waits in its buyer's queue. With credit the bank pays
 * each seller at once and lends what is short, up to L for each node; income repays debt first. Its record
 * still takes ten minutes to be final, and nobody waits for it.
 *
 * Confirmation times of 60 and 10 minutes are the paper's inputs: Fig. 5(a) is their product with f.
 */
import { assert } from "#core/errors/assert";
import { mulberry32 } from "../../worlds/random.ts";

const NODES = 100;
const PAIRS = NODES / 2;
const COINS = 20;
const VALUE_MAX = 20;
export const MINUTES = 240;
/** A node buys as often as half a pair trades. */
const PERIOD = 120;

/** What one of the compared systems does for a payment. */
export interface Terms {
  name: string;
  confirmMin: number;
  /** L; undefined without a bank. */
  creditMax?: number;
}

export interface System extends Terms {
  id: "traditional" | "energy" | "credit20" | "credit100";
}

export const SYSTEMS: readonly System[] = Object.freeze([
  { id: "traditional", name: "traditional, 60 min", confirmMin: 60 },
  { id: "energy", name: "energy chain, 10 min", confirmMin: 10 },
  { id: "credit20", name: "credit, L = 20", confirmMin: 10, creditMax: 20 },
  { id: "credit100", name: "credit, L = 100", confirmMin: 10, creditMax: 100 },
]);

interface Purchase {
  atMin: number;
  buyer: number;
  seller: number;
  value: number;
}

/** What everybody wants to buy, by time; the same for all systems. */
export function purchases(seed: number, f: number, minutes = MINUTES): Purchase[] {
  const random = mulberry32(seed * 16 + f);
  const every = PERIOD / f;
  const all: Purchase[] = [];
  for (let buyer = 0; buyer < NODES; buyer++)
    for (let atMin = every * random.next(); atMin < minutes; atMin += every) {
      const other = random.below(NODES - 1);
      const seller = other < buyer ? other : other + 1;
      all.push({ atMin, buyer, seller, value: 1 + random.below(VALUE_MAX) });
    }
  return all.sort((a, b) => a.atMin - b.atMin);
}

export interface Speed {
  started: number;
  /** Started trades per pair and hour. */
  perPairHour: number;
  /** Coins lent and not repaid at the end. */
  debt: number;
}

class Market {
  private readonly system: Terms;
  private readonly coins: number[] = Array.from({ length: NODES }, () => COINS);
  private readonly debt: number[] = Array.from({ length: NODES }, () => 0);
  private readonly waiting: Purchase[][] = Array.from({ length: NODES }, () => []);
  /** Payments on their way, by arrival: the confirmation time is the same for all. */
  private readonly underWay: { atMin: number; seller: number; value: number }[] = [];
  private next = 0;
  started = 0;

  constructor(system: Terms) {
    this.system = system;
  }

  want(purchase: Purchase): void {
    this.confirm(purchase.atMin);
    this.waiting[purchase.buyer].push(purchase);
    this.serve(purchase.buyer, purchase.atMin);
  }

  /** Payments that are confirmed until `atMin` reach their sellers. */
  confirm(atMin: number): void {
    while (this.next < this.underWay.length && this.underWay[this.next].atMin <= atMin) {
      const { seller, value, atMin: then } = this.underWay[this.next++];
      this.earn(seller, value);
      this.serve(seller, then);
    }
  }

  private earn(node: number, value: number): void {
    const repaid = Math.min(value, this.debt[node]);
    this.debt[node] -= repaid;
    this.coins[node] += value - repaid;
  }

  /** Starts what `first` and, with credit, those that it pays can afford now, in the order of their queues. */
  private serve(first: number, nowMin: number): void {
    const { creditMax, confirmMin } = this.system;
    const ready = [first];
    while (ready.length > 0) {
      const node = ready.pop()!;
      for (;;) {
        const purchase = this.waiting[node][0];
        if (!purchase) break;
        const { seller, value } = purchase;
        const short = Math.max(0, value - this.coins[node]);
        if (short > 0 && this.debt[node] + short > (creditMax ?? 0)) break;
        this.waiting[node].shift();
        this.coins[node] -= value - short;
        this.debt[node] += short;
        this.started++;
        if (creditMax === undefined)
          this.underWay.push({ atMin: nowMin + confirmMin, seller, value });
        else {
          this.earn(seller, value);
          ready.push(seller);
        }
      }
    }
  }

  /** Coins of all nodes and under way are what there was, and what the bank has lent. */
  check(): number {
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    const way = this.underWay.slice(this.next).reduce((total, { value }) => total + value, 0);
    const lent = sum(this.debt);
    assert(sum(this.coins) + way === NODES * COINS + lent, "EVALUATE_COINS", this.system.name);
    const { creditMax = 0 } = this.system;
    assert(
      this.coins.every((value) => value >= 0),
      "EVALUATE_COINS",
      "below 0",
    );
    assert(
      this.debt.every((value) => value >= 0 && value <= creditMax),
      "EVALUATE_DEBT",
    );
    return lent;
  }
}

export function runSpeed(system: Terms, wanted: readonly Purchase[], minutes = MINUTES): Speed {
  const market = new Market(system);
  for (const purchase of wanted) market.want(purchase);
  // What is confirmed until the end may let waiting ones start.
  market.confirm(minutes);
  const debt = market.check();
  return { started: market.started, perPairHour: market.started / PAIRS / (minutes / 60), debt };
}

export interface SpeedRow {
  f: number;
  /** Mean over the seeds, by system. */
  speeds: Record<System["id"], number>;
}

/** Fig. 5(b) for f = 1 … 5. */
export function speedTable(seeds: number, minutes = MINUTES): SpeedRow[] {
  return [1, 2, 3, 4, 5].map((f) => {
    const speeds = { traditional: 0, energy: 0, credit20: 0, credit100: 0 };
    for (let seed = 1; seed <= seeds; seed++) {
      const wanted = purchases(seed, f, minutes);
      for (const system of SYSTEMS)
        speeds[system.id] += runSpeed(system, wanted, minutes).perPairHour / seeds;
    }
    return { f, speeds };
  });
}

/** Most trades that coins under way allow: 2·C/(v̄·T), per pair and hour. */
export function speedCeiling(confirmMin: number): number {
  return (2 * COINS) / (((1 + VALUE_MAX) / 2) * (confirmMin / 60));
}

/** Fig. 5(a): minutes of confirmation of a pair in 240 minutes, f · 4 · T without any limit of coins. */
export function confirmationMinutes(f: number, confirmMin: number): number {
  return f * (MINUTES / 60) * confirmMin;
}

/** Trades that a pair starts where nobody ever lacks coins. */
export function endlessTrades(f: number): number {
  const endless: Terms = { name: "endless", confirmMin: 0, creditMax: Number.MAX_SAFE_INTEGER };
  return runSpeed(endless, purchases(1, f)).started / PAIRS;
}

/** Started trades per pair and hour, the mean over seeds. */
export function meanSpeed(terms: Terms, f: number, seeds: number): number {
  let sum = 0;
  for (let seed = 1; seed <= seeds; seed++) sum += runSpeed(terms, purchases(seed, f)).perPairHour;
  return sum / seeds;
}

export interface ConfirmationRow {
  f: number;
  traditionalMin: number;
  energyMin: number;
}

/** The same out of the simulation, with coins without end: trades that a pair started times T. */
export function confirmationTable(): ConfirmationRow[] {
  return [1, 2, 3, 4, 5].map((f) => {
    const trades = endlessTrades(f);
    return { f, traditionalMin: trades * 60, energyMin: trades * 10 };
  });
}
