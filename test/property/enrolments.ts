// SPDX-License-Identifier: Apache-2.0
/**
 * Requests to be a member: of those on the list and of others, right and wrong, until the area is
 * full.
 */
import assert from "node:assert/strict";
import type { Code } from "#core/errors/codes";
import { MEMBERS_MAX } from "#core/limits";
import { Attacker, type Shot } from "./attacker.ts";
import type { Range } from "./range.ts";
import type { Rng } from "./rng.ts";

export class Enrolments {
  private readonly rng: Rng;
  /**
   * On the list, but not members yet: those that fill the area, and those for whom there is no
   * room.
   */
  private readonly fillers: Attacker[] = [];
  private readonly beyond: Attacker[] = [];
  private strangers = 0;

  constructor(rng: Rng, fillers: number, beyond: number) {
    this.rng = rng;
    for (let i = 0; i < fillers; i++) this.fillers.push(new Attacker(`filler ${i}`, false));
    for (let i = 0; i < beyond; i++) this.beyond.push(new Attacker(`beyond ${i}`, false));
  }

  *admitted(): Generator<Uint8Array> {
    for (const { publicKey } of this.fillers) yield publicKey;
    for (const { publicKey } of this.beyond) yield publicKey;
  }

  /** `count` requests that the gateway refuses, and some of members that are there already. */
  async fire(range: Range, count: number): Promise<void> {
    const sample: [Attacker, Code][] = [];
    for (let i = 0; i < count; i++) {
      const [who, shot] = this.refused(range);
      await range.fire(shot);
      if (shot.code && ANSWERED.has(shot.code)) sample.push([who, shot.code]);
    }
    const known = this.rng.pick(range.attackers);
    await range.fire(enrol(known, known.enrol(), undefined));
    await range.turn();
    const last = new Map(sample.map(([who, code]) => [who.id, code]));
    for (const [id, code] of last) assert.equal(range.configs.get(id), code, "the config says why");
  }

  private refused(range: Range): [Attacker, Shot] {
    const { rng } = this;
    const who = rng.pick(this.fillers);
    const other = rng.pick(range.attackers);
    const stranger = new Attacker(`stranger ${this.strangers++}`, false);
    const choices: (() => [Attacker, Shot])[] = [
      () => [stranger, enrol(stranger, stranger.enrol(), "REGISTRATION_CLOSED")],
      () => [who, enrol(who, who.enrol({ name: other.name }), "NAME_TAKEN")],
      () => [who, enrol(who, who.enrol(other.claim), "WALLETS_UNPROVED")],
      () => [who, enrol(who, who.enrol({ addresses: 3 }), "WALLETS_UNPROVED")],
      () => [who, enrol(who, who.enrol({ addresses: 0 }), "WALLETS_UNPROVED")],
      () => [who, enrol(who, who.enrol({ set: 1 }), "WALLETS_UNPROVED")],
      () => [who, enrol(who, other.enrol(), "NODE_MISMATCH")],
      () => [
        who,
        enrol(who, who.enrol({ name: `${rng.pick(["", "a/", " ", 'a"'])}b/c` }), "FIELD_RANGE"),
      ],
      () => [who, enrol(who, who.enrol({ net: "other" }), "WRONG_NET")],
    ];
    return rng.pick(choices)();
  }

  /** Fills the area to its limit, and asks for more. */
  async fillArea(range: Range): Promise<void> {
    for (const who of this.fillers) await range.fire(enrol(who, who.enrol(), undefined));
    await range.turn();
    assert.equal(range.area.sessions.size, MEMBERS_MAX);
    for (const who of this.beyond) await range.fire(enrol(who, who.enrol(), "AREA_FULL"));
    await range.turn();
    for (const { id } of this.beyond) assert.equal(range.configs.get(id), "AREA_FULL");
  }
}

/** Refusals that come back in a config. */
const ANSWERED: ReadonlySet<Code> = new Set([
  "REGISTRATION_CLOSED",
  "NAME_TAKEN",
  "WALLETS_UNPROVED",
  "AREA_FULL",
  "FIELD_RANGE", // of the name
]);

function enrol(who: Attacker, payload: Uint8Array, code: Code | undefined): Shot {
  return { topic: who.topic("enrol"), payload, code, form: code ? "mutated" : "valid" };
}
