// SPDX-License-Identifier: Apache-2.0
/** Each defence switched off, and the invariant that breaks without it. */
import { capArena } from "./cap-arena.ts";
import { type DagDefence, dagArena } from "./dag-arena.ts";
import { type LedgerDefence, ledgerArena } from "./ledger-arena.ts";
import { orderArena } from "./order-arena.ts";
import { type Defence, runStreet } from "./street.ts";
import { Violation } from "./violation.ts";
import { arena } from "./vote-arena.ts";

export interface SwitchOff {
  defence: string;
  /** What the checkers have to find without it. */
  invariant: string;
  /** What they find; undefined where this seed shows nothing. */
  run(seed: number): Promise<string | undefined>;
}

function street(defence: string, invariant: string, ...off: Defence[]): SwitchOff {
  return {
    defence,
    invariant,
    run: async (seed) => (await runStreet({ seed, off: new Set(off) })).violation?.invariant,
  };
}

async function starvedStreet(seed: number): Promise<string | undefined> {
  const off = new Set<Defence>(["promotion"]);
  return (await runStreet({ seed, off, starved: true })).violation?.invariant;
}

function part(defence: string, invariant: string, act: (seed: number) => unknown): SwitchOff {
  return {
    defence,
    invariant,
    async run(seed) {
      try {
        act(seed);
        return undefined;
      } catch (error) {
        if (error instanceof Violation) return error.invariant;
        throw error;
      }
    },
  };
}

function ledger(defence: string, invariant: string, off: LedgerDefence): SwitchOff {
  return part(defence, invariant, (seed) => void ledgerArena({ seed, off }));
}

function dag(defence: string, invariant: string, off: DagDefence): SwitchOff {
  return part(defence, invariant, (seed) => dagArena({ seed, off }));
}

/** Seven members, f = 2 of which vote twice. */
function votes(defence: string, invariant: string, off: "threshold" | "vote-once" | "distinct") {
  return part(defence, invariant, (seed) => void arena({ seed, n: 7, doubles: 2, off }));
}

export const SWITCH_OFFS: readonly SwitchOff[] = Object.freeze([
  ledger("a trade is paid once", "I5", "paid-once"),
  street("a number is taken once", "I6", "numbers"),
  ledger("register ranges are disjoint", "I7", "ranges"),
  ledger("energy was metered", "I8", "metered"),
  ledger("the buyer's meter decides without its word", "I8", "arbitrated"),
  ledger("both sides say the same Wh", "I8", "terms"),
  ledger("a RESERVE promises what it has", "I9", "reserved"),
  ledger("an OFFER is reserved once", "I9", "offered"),
  ledger("BOUGHT after SOLD after RESERVE", "I10", "later"),
  street("V5: no old parents", "V5", "V5"),
  dag("T grows along an edge", "I11", "later"),
  dag("what is approved is no cap", "I11", "caps"),
  dag("all before it gain weight", "I12", "weights"),
  street("V7 (without V6): one a tick, Δ apart", "I13", "V6", "V7"),
  street("V3 (without V6): no gap in a chain", "I13", "V6", "V3"),
  street("V6: tokens are checked", "I14", "V6"),
  street("a witness remembers", "I14", "witness-log"),
  votes("⌊(n+f)/2⌋+1, not more than n/2", "I15", "threshold"),
  votes("one vote of a conflict set", "I15", "vote-once"),
  votes("votes of distinct members", "I16", "distinct"),
  street("blocks hold what is in the DAG", "I17", "seal"),
  part("authors promote what nobody approves", "I17", (seed) =>
    capArena({ seed, promotes: false }),
  ),
  {
    defence: "nodes promote what nobody votes for",
    invariant: "I17",
    run: starvedStreet,
  },
  part("what is early waits for its parents", "I18", (seed) => orderArena({ seed, off: "waits" })),
  part("who votes for two rivals counts for neither", "I18", (seed) =>
    orderArena({ seed, off: "both" }),
  ),
]);

/** The first seed from `from` on that shows it, and what it shows; undefined where none of `tries` does. */
export async function shown(
  { run, invariant }: SwitchOff,
  from: number,
  tries: number,
): Promise<number | undefined> {
  for (let seed = from; seed < from + tries; seed++)
    if ((await run(seed)) === invariant) return seed;
  return undefined;
}
