// SPDX-License-Identifier: Apache-2.0
/** The talk with the plugin: batches, answers that fail, do not come, or are another's. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type ControlBus, DynsecControl } from "#node/dynsec/control";
import type { Command } from "#node/dynsec/plan";
import type { Account } from "#node/dynsec/state";
import { Plugin } from "./model.ts";

const GATEWAY = "gateway-a";
const idOf = (number: number) => number.toString(16).padStart(32, "0");

/** A broker with the plugin; `mute` ones say nothing. */
class Bench implements ControlBus {
  connected = false;
  mute = false;
  nowMs = 0;
  plugin = new Plugin(GATEWAY);
  accounts: Account[] = [];
  batches: Command[][] = [];
  logs: string[] = [];
  /** Said in place of the plugin's own answer to the next command of that name. */
  fault: { command: string; error: string } | undefined;
  /** Called with each batch, before its answer. */
  onBatch: (count: number) => void = () => {};
  private connects: (() => void)[] = [];
  private heard: (topic: string, payload: Uint8Array) => void = () => {};
  readonly control = new DynsecControl({
    ...{ area: "a", gateway: GATEWAY, bus: this },
    accounts: () => this.accounts,
    log: (level, event) => void this.logs.push(`${level} ${event}`),
    uptimeMs: () => this.nowMs,
  });

  onConnect(handler: () => void): void {
    this.connects.push(handler);
  }

  subscribe(_: string, handler: (topic: string, payload: Uint8Array) => void): void {
    this.heard = handler;
  }

  publish(topic: string, payload: Uint8Array): void {
    assert.equal(topic, "$CONTROL/dynamic-security/v1");
    const { commands } = JSON.parse(Buffer.from(payload).toString()) as { commands: Command[] };
    this.batches.push(commands);
    this.onBatch(this.batches.length);
    if (!this.mute) this.say(commands.map((command) => this.answer(command)));
  }

  say(responses: unknown): void {
    this.heard("", Buffer.from(JSON.stringify({ responses })));
  }

  connect(): void {
    this.connected = true;
    for (const handler of this.connects) handler();
  }

  /** Time passes, and the gateway looks. */
  look(ms = 500): void {
    this.nowMs += ms;
    this.control.refresh();
  }

  members(count: number, kind: Account["class"] = "member"): void {
    this.accounts = Array.from({ length: count }, (_, i) => {
      return { username: idOf(i), class: kind, stamp: "s", password: "p" };
    });
  }

  private answer({ correlationData, ...command }: Command): object {
    const tag = { command: command.command, correlationData };
    const { clients, roles, defaults } = this.plugin.listing();
    if (command.command === "listClients") return { ...tag, data: { clients } };
    if (command.command === "listRoles") return { ...tag, data: { roles } };
    if (command.command === "getDefaultACLAccess") return { ...tag, data: { acls: defaults } };
    if (this.fault?.command === command.command) {
      const { error } = this.fault;
      this.fault = undefined;
      return { ...tag, error };
    }
    const error = this.plugin.run(command);
    return { ...tag, ...(error && { error }) };
  }
}

test("asks, brings it about in batches, and is still while nothing changes", () => {
  const bench = new Bench();
  bench.members(60);
  bench.look();
  assert.ok(bench.batches.length < 1, "there is no connection");
  bench.connect();
  bench.look();
  assert.equal(bench.plugin.clients.size, 61);
  assert.ok(bench.batches.slice(1).every((batch) => batch.length <= 16));
  const count = bench.batches.length;
  assert.equal(count, 1 + Math.ceil((1 + 1 + 1 + 60 + 60 + 1) / 16));
  bench.look();
  assert.equal(bench.batches.length, count);
  bench.accounts[7] = { ...bench.accounts[7], class: "barred" };
  bench.look();
  assert.equal(bench.batches.length, count + 1);
  const names = bench.batches.at(-1)!.map(({ command }) => command);
  assert.deepEqual(names, ["createRole", "createRole", "modifyClient", "deleteRole"]);
  assert.deepEqual(
    bench.logs.filter((line) => !line.startsWith("info")),
    [],
  );
});

test("who is revoked does not wait until all others have their accounts", () => {
  const bench = new Bench();
  bench.members(3);
  bench.connect();
  bench.look();
  bench.members(200);
  bench.batches = [];
  bench.onBatch = (count) => {
    if (count === 2) bench.accounts[1] = { ...bench.accounts[1], class: "barred" };
  };
  bench.look();
  const at = bench.batches.findIndex((batch) =>
    batch.some(({ command, username }) => command === "modifyClient" && username === idOf(1)),
  );
  assert.ok(at > 0 && at <= 4, `batch ${at} of ${bench.batches.length}`);
  assert.equal(bench.plugin.clients.size, 201);
});

test("after a reconnection it asks anew, and changes nothing that is right", () => {
  const bench = new Bench();
  bench.members(3);
  bench.connect();
  bench.look();
  const count = bench.batches.length;
  bench.connect();
  bench.look();
  assert.equal(bench.batches.length, count + 1);
  bench.plugin = new Plugin(GATEWAY);
  bench.connect();
  bench.look();
  assert.equal(bench.plugin.clients.size, 4, "a broker that lost its file");
});

test("a refused command is told, and after a pause it is put right", () => {
  const bench = new Bench();
  bench.members(1);
  bench.fault = { command: "createClient", error: "no room" };
  bench.connect();
  bench.look();
  assert.ok(bench.logs.includes("error dynamic-security-refused"));
  const count = bench.batches.length;
  bench.look();
  assert.equal(bench.batches.length, count, "not at once");
  bench.look(5000);
  assert.ok(bench.plugin.clients.has(idOf(0)));
});

test("without an answer it says so, and goes on when one comes", () => {
  const bench = new Bench();
  bench.members(1);
  bench.mute = true;
  bench.connect();
  bench.look();
  bench.look(9_000);
  assert.equal(bench.batches.length, 1);
  bench.look(2000);
  assert.deepEqual(bench.logs, ["error dynamic-security-silent"]);
  bench.mute = false;
  bench.look(5001);
  assert.equal(bench.plugin.clients.size, 2);
});

test("what another changes is put right, what he only reads is not asked for again", () => {
  const bench = new Bench();
  bench.members(2);
  bench.connect();
  bench.look();
  const count = bench.batches.length;
  bench.say([{ command: "listClients", data: {} }]);
  bench.look();
  assert.equal(bench.batches.length, count);
  bench.plugin.clients.delete(idOf(1));
  bench.say([{ command: "deleteClient" }]);
  bench.look();
  assert.ok(bench.plugin.clients.has(idOf(1)));
});

test("answers that are none, and another's account of that name", () => {
  const bench = new Bench();
  bench.members(1);
  bench.plugin.clients.set(idOf(0), { roles: [] });
  bench.connect();
  bench.look();
  bench.look();
  bench.say("x");
  const told = bench.logs.filter((line) => line === "error dynamic-security-foreign");
  assert.equal(told.length, 1);
  assert.ok(bench.logs.includes("warn dynamic-security-answer"));
});
