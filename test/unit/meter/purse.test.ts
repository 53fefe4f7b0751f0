// SPDX-License-Identifier: Apache-2.0
/** A node's addresses: a fresh one for each trade, whatever the number, the ledger's pace or the store. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toHex } from "#core/codec/bytes";
import { nodeIdOf } from "#core/identity";
import { LEGS_MAX } from "#core/limits";
import { listWallets, type WalletClaim } from "#core/wallets";
import { Purse } from "#meter/purse";
import { firstState, type NodeState, nodeState } from "#meter/state";
import { crypto } from "../../helpers/local-area.ts";

const secretKey = new Uint8Array(32).fill(7);
const node = nodeIdOf(crypto, crypto.publicKey(secretKey));

function purseOf(wallets: number, state: NodeState = firstState()): Purse {
  const policy = { trade: true };
  const facts = { net: "t", area: "a", name: "n", capacityWh: 1, gatewayKey: new Uint8Array(32) };
  return new Purse({ ...facts, secretKey, wallets, policy }, node, crypto, state);
}

/** One whose first set the ledger has. */
function knownPurse(wallets: number, state: NodeState = firstState()): Purse {
  const purse = purseOf(wallets, state);
  purse.follow(0);
  return purse;
}

/** What the ledger would accept: the addresses of all sets that it knows. */
function pool(...claims: WalletClaim[]): string[] {
  return claims.flatMap((claim) => [...listWallets(crypto, claim).wallets]);
}

/** Uses `count` addresses, one at a time. */
function take(purse: Purse, count: number): string[] {
  const taken: string[] = [];
  for (let i = 0; i < count; i++) {
    taken.push(toHex(purse.address(0)));
    purse.use(1);
  }
  return taken;
}

test("trades take the addresses after the first, in order, and the next set after them", () => {
  const purse = knownPurse(64);
  const first = purse.claim();
  assert.deepEqual([first.set, first.addresses], [0, 64]);
  const taken = take(purse, 63 - LEGS_MAX - 2);
  assert.equal(purse.due(), undefined, "34 are left");
  taken.push(...take(purse, 1));
  const second = purse.due();
  assert.equal(second?.set, 1, "33 are left");
  purse.said(second!);
  assert.equal(purse.due(), undefined, "said once");
  taken.push(...take(purse, 60));
  assert.equal(purse.due(), undefined, "the next waits until the ledger has this one");
  assert.equal(purse.claim().set, 1, "the set in use");
  const own = pool(first, second!);
  assert.deepEqual(taken, [...own.slice(1, 64), ...own.slice(65, 65 + taken.length - 63)]);
  assert.equal(new Set(taken).size, 30 + 60);
  purse.follow(1);
  assert.equal(purse.due(), undefined, "36 are left");
  take(purse, 3);
  assert.equal(purse.due()?.set, 2);
});

test("what is looked at ahead is what will be used", () => {
  const state = firstState();
  const purse = knownPurse(8, state);
  take(purse, 4);
  purse.said(purse.due()!);
  const ahead = Array.from({ length: 9 }, (_, i) => toHex(purse.address(i)));
  purse.use(2);
  assert.deepEqual([...ahead.slice(2)], take(purse, 7));
});

test("a node with one address uses it for everything and says no other", () => {
  const purse = knownPurse(1);
  const [only] = pool(purse.claim());
  assert.deepEqual(take(purse, 5), [only, only, only, only, only]);
  assert.equal(purse.due(), undefined);
});

test("where the next set was not said the present one is used again, without its first", () => {
  const purse = knownPurse(4);
  const own = pool(purse.claim());
  assert.deepEqual(take(purse, 7), [...own.slice(1), ...own.slice(1), own[1]]);
  const next = purse.due()!;
  purse.said(next);
  assert.deepEqual(take(purse, 2), pool(next).slice(1, 3), "then it begins with a fresh one");
});

test("a node that was given another number of addresses says a set of that many", () => {
  const state = firstState();
  const before = knownPurse(8, state);
  const taken = take(before, 2);
  const second = before.due()!;
  before.said(second);
  const purse = purseOf(16, state);
  assert.equal(purse.claim().addresses, 8, "the set in use stays as it was said");
  assert.equal(purse.due(), undefined, "the set said last waits for its block");
  purse.follow(1);
  assert.equal(purse.due(), undefined, "with a third the ledger would forget the set in use");
  taken.push(...take(purse, 6));
  const next = purse.due()!;
  assert.deepEqual([next.set, next.addresses], [2, 16]);
  purse.said(next);
  taken.push(...take(purse, 10));
  const [old, middle, fresh] = [pool(knownPurse(8).claim()), pool(second), pool(next)];
  assert.deepEqual(taken, [...old.slice(1), ...middle.slice(1), ...fresh.slice(1, 5)]);
});

test("a node that lost its store begins a new set", () => {
  for (const known of [0, 5]) {
    const purse = purseOf(64);
    purse.follow(known);
    purse.lost();
    const next = purse.due()!;
    assert.equal(next.set, known + 1);
    purse.said(next);
    assert.deepEqual(take(purse, 3), pool(next).slice(1, 4), "and nothing of the one before");
  }
  const older = purseOf(64); // its store is an old one
  older.follow(2);
  assert.equal(older.due()?.set, 3);
});

test("a refused set is never used, and another one is tried", () => {
  const purse = knownPurse(4);
  take(purse, 1);
  purse.said(purse.due()!);
  purse.refused();
  const other = purse.due()!;
  assert.equal(other.set, 2);
  const own = pool(purse.claim());
  for (const wallet of take(purse, 6)) assert.ok(own.includes(wallet));
  purse.said(other);
  take(purse, 2); // it was begun before the refusal came
  purse.refused();
  const third = purse.due()!;
  purse.said(third);
  assert.deepEqual(take(purse, 2), pool(third).slice(1, 3));
});

/** The gateway's side: one set waits for its block at a time, and the ledger keeps two. */
class Pool {
  newest: WalletClaim;
  private pending: WalletClaim | undefined;
  private sets: WalletClaim[];

  constructor(first: WalletClaim) {
    this.newest = first;
    this.sets = [first];
  }

  say(claim: WalletClaim): boolean {
    if (this.pending || claim.set <= this.newest.set) return false;
    this.pending = claim;
    return true;
  }

  seal(): void {
    if (!this.pending) return;
    this.sets = [...this.sets.slice(-1), this.pending];
    this.newest = this.pending;
    this.pending = undefined;
  }

  /** The addresses that count in the next block: what is pending is applied first. */
  get owned(): Set<string> {
    const sets = this.pending ? [...this.sets.slice(-1), this.pending] : this.sets;
    return new Set(pool(...sets));
  }
}

const step = fc.record({
  count: fc.integer({ min: 1, max: LEGS_MAX }),
  what: fc.constantFrom(
    "say",
    "say",
    "say",
    "cut",
    "lose",
    "give 1",
    "give 8",
    "give 64",
    "give 128",
  ),
  heard: fc.boolean(),
});

test("every address is the node's in its block, and of one trade, whatever happens", () => {
  let trades = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 25 }), (steps) => {
      let wallets = 64;
      let stored = nodeState.encode(firstState(), "state");
      let state = firstState();
      let purse = purseOf(wallets, state);
      const ledger = new Pool(purse.claim());
      const store = () => {
        stored = nodeState.encode(state, "state");
      };
      const open = () => {
        state = nodeState.decode(stored, "state");
        purse = purseOf(wallets, state);
        store();
        purse.follow(ledger.newest.set); // the greeting
      };
      open();
      const used = new Set<string>();
      for (const { count, what, heard } of steps) {
        const next = purse.due();
        if (next) {
          purse.said(next);
          store();
          assert.ok(ledger.say(next), `set ${next.set} after ${ledger.newest.set}`);
        }
        const from = state.wallets.used;
        const addresses = Array.from({ length: count }, (_, i) => toHex(purse.address(i)));
        const { addresses: size, set, next: last } = state.wallets;
        const left = size - 1 - from + (last > set ? state.wallets.nextAddresses - 1 : 0);
        purse.use(count);
        if (what === "cut") open();
        else {
          store();
          const { owned } = ledger;
          for (const address of addresses) {
            assert.ok(owned.has(address), `${what}: an address of the account`);
            // Where all are used they are used again, as a node with a single one does always.
            if (left >= count && size > 1) assert.ok(!used.has(address), `${what}: used before`);
            used.add(address);
          }
          trades += count;
        }
        if (heard) {
          ledger.seal();
          purse.follow(ledger.newest.set);
        }
        if (what.startsWith("give")) {
          wallets = Number(what.slice(5));
          open();
        } else if (what === "lose") {
          ledger.seal();
          stored = nodeState.encode(firstState(), "state");
          wallets = ledger.newest.addresses;
          open();
          purse.lost();
        }
      }
    }),
    { numRuns: 200 },
  );
  assert.ok(trades > 5000, String(trades));
});

test("another gateway gets a set that no ledger has, and no address is used again", () => {
  const state = firstState();
  const purse = knownPurse(8, state);
  const taken = take(purse, 3);
  const brought = purse.claim(true);
  assert.equal(brought.set, 1);
  assert.deepEqual(purse.claim(true), brought, "asked again, it is the same");
  purse.arrived(undefined); // a new member there
  taken.push(...take(purse, 2));
  assert.deepEqual(taken.slice(3), pool(brought).slice(1, 3));
  assert.equal(purseOf(8, state).claim().set, 1, "and the same after a restart");
  // Back again, where the ledger has set 0 only: another one has to be said first.
  purse.arrived(0);
  const next = purse.due()!;
  assert.equal(next.set, 3, "2 was in a request to be a member, which may have been heard");
  purse.said(next);
  taken.push(...take(purse, 2));
  assert.deepEqual(taken.slice(5), pool(next).slice(1, 3));
  purse.arrived(9); // a ledger that knows more than a store that is older
  assert.equal(purse.due()?.set, 10);
  assert.equal(new Set(taken).size, taken.length);
});

test("a gateway that has the fresh set by now: it is begun", () => {
  const purse = knownPurse(8);
  const brought = purse.claim(true);
  purse.arrived(brought.set);
  assert.equal(purse.due(), undefined);
  assert.deepEqual(take(purse, 1), pool(brought).slice(1, 2));
});
