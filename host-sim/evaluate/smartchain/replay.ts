// SPDX-License-Identifier: Apache-2.0
/**
 * A second node replays SmartChain's log: V1 to V7 of ledger 4.2 as a gateway checks them, every signature, the
 * DAG, and the ledger.
 */

import { toHex } from "#core/codec/bytes";
import type { Crypto } from "#core/crypto/port";
import { Dag } from "#core/dag/dag";
import { assert } from "#core/errors/assert";
import { potJobs } from "#core/pot/check";
import { Committees } from "#core/pot/committee";
import type { Epoch } from "#core/records/epoch";
import { openTx } from "#core/records/tx";
import { checkTx } from "#gateway/intake/tx";
import type { GatewayOptions } from "#gateway/options";
import { linkTx } from "#gateway/session";
import { World } from "#gateway/world";
import { GENESIS, NO_GATEWAYS } from "./author.ts";
import { CountedCrypto } from "./costs.ts";
import { AGE_MAX_MS, Books, ORIGIN_MS, type Person, SLOT_MS, TICK_MS } from "./scenario.ts";

export class Replay {
  readonly crypto: CountedCrypto;
  readonly dag = new Dag();
  private readonly books: Books;
  private readonly committees: Committees;
  private readonly world: World;

  constructor(inner: Crypto, persons: readonly Person[], epoch: Epoch) {
    this.crypto = new CountedCrypto(inner);
    this.books = new Books(persons);
    this.committees = new Committees(this.crypto, epoch);
    this.dag.seal(GENESIS, ORIGIN_MS, [], 0);
    const times = { slotMs: SLOT_MS, tickMs: TICK_MS, ageMaxMs: AGE_MAX_MS };
    // Ticks count from half a slot before slot 0 of the world; no other option has a say in what is checked.
    const worldStartMs = ORIGIN_MS + SLOT_MS / 2;
    const options = { ...times, worldStartMs, clock: { kind: "barrier" } } as GatewayOptions;
    this.world = new World(options, { nowMs: () => 0, wakeAfter: () => {} });
    this.world.epoch = epoch.epoch;
  }

  /** Checks and enters one transaction of the log; what is not valid is a bug of the evaluation. */
  take(bytes: Uint8Array): void {
    const { crypto, committees, dag, world, books } = this;
    const opened = openTx(crypto, bytes);
    assert(opened.ok, "EVALUATE_LOG");
    const { tx } = opened;
    const session = books.sessions.get(toHex(tx.body.from));
    assert(session, "EVALUATE_LOG");
    world.atLeast(tx.body.tsMs);
    const tokens = potJobs(crypto, committees, committees.epoch, tx, NO_GATEWAYS);
    const found = tokens.ok ? { ...tokens, jobs: [] } : tokens;
    const verdict = checkTx(session, tx, dag, world, found);
    assert(verdict.ok, "EVALUATE_RULE", verdict.ok ? "" : `${verdict.code} ${verdict.detail}`);
    assert(crypto.verify(session.member.publicKey, tx.digest, tx.signature), "EVALUATE_SIGNATURE");
    for (const { publicKey, digest, signature } of tokens.ok ? tokens.jobs : [])
      assert(crypto.verify(publicKey, digest, signature), "EVALUATE_TOKEN");
    const { tMs } = dag.add(tx);
    linkTx(session, tx, tMs);
    assert(books.apply(tx, tMs), "EVALUATE_BALANCE");
  }
}
