// SPDX-License-Identifier: Apache-2.0
/**
 * Keeps a Mosquitto's accounts and roles as they should be, over the plugin's control topic. Asks after each
 * connection what is there, sends what is missing in batches, one at a time, and asks again where anything
 * went wrong or somebody else changed something.
 */
import type { GatewayLog } from "#gateway/ports";
import { type Command, planOf } from "./plan.ts";
import { type Account, type DynsecState, type Listing, listed, wanted } from "./state.ts";

const TOPIC = "$CONTROL/dynamic-security/v1";
/** The plugin writes its file at each command (30 ms with 1024 nodes), and the broker stands still. */
const BATCH_MAX = 16;
/** For an answer, ms: twenty times what a batch took. */
const ANSWER_MS = 10_000;
/** After an answer that says of a fault, ms. */
const AGAIN_MS = 5_000;

/** Of an MQTT client. */
export interface ControlBus {
  readonly connected: boolean;
  onConnect(handler: () => void): void;
  publish(topic: string, payload: Uint8Array, options: { retain: boolean }): void;
  subscribe(filter: string, handler: (topic: string, payload: Uint8Array) => void): void;
}

export interface ControlOptions {
  area: string;
  /** The user name of the gateway itself. */
  gateway: string;
  bus: ControlBus;
  /** Who has an account, and as what, just now. */
  accounts(): readonly Account[];
  log: GatewayLog;
  /** Rises, ms. */
  uptimeMs(): number;
}

interface Answer {
  command?: string;
  error?: string;
  correlationData?: string;
  data?: Record<string, unknown>;
}

/** Commands that change nothing: whoever says them is only looking. */
const LOOKS = /^(list|get)/;

export class DynsecControl {
  private readonly options: ControlOptions;
  /** What the broker has; undefined where it must be asked. */
  private held: DynsecState | undefined;
  /** The accounts that `held` was brought to, as one text. */
  private settledFor: string | undefined;
  private queue: Command[] = [];
  private target: DynsecState | undefined;
  private targetText: string | undefined;
  private pending: { id: string; untilMs: number } | undefined;
  private asked = 0;
  private notBeforeMs = 0;
  private readonly warned = new Set<string>();

  constructor(options: ControlOptions) {
    this.options = options;
    const { bus } = options;
    bus.subscribe(`${TOPIC}/response`, (_, payload) => this.answered(payload));
    bus.onConnect(() => this.forget(0));
  }

  /** Whether the broker has been brought to where the accounts were at the last look. */
  get settled(): boolean {
    return this.settledFor !== undefined;
  }

  /** Looks whether anything has to change, and begins to. Costs little where nothing does. */
  refresh(): void {
    const { bus, uptimeMs, log } = this.options;
    const nowMs = uptimeMs();
    if (this.pending && nowMs > this.pending.untilMs) {
      const cure = "check that the plugin is loaded and that this account has its role admin";
      log("error", "dynamic-security-silent", { waitedMs: ANSWER_MS, cure });
      this.forget(nowMs + AGAIN_MS);
    }
    if (!bus.connected || this.pending || nowMs < this.notBeforeMs) return;
    if (!this.held) return this.ask();
    this.plan();
  }

  private plan(): void {
    const { area, gateway, log } = this.options;
    const accounts = this.options.accounts();
    const text = textOf(accounts);
    if (text === this.settledFor) return;
    const should = wanted(area, accounts);
    const { commands, foreign } = planOf(this.held!, should, { area, gateway, accounts });
    for (const username of foreign)
      if (!this.warned.has(username)) {
        this.warned.add(username);
        const cure = "delete that account: somebody else made it";
        log("error", "dynamic-security-foreign", { username, cure });
      }
    this.target = mergedWith(this.held!, should, gateway);
    this.targetText = text;
    this.queue = commands;
    if (commands.length > 0) log("info", "dynamic-security", { commands: commands.length });
    this.next();
  }

  private next(): void {
    if (this.queue.length > 0) {
      if (textOf(this.options.accounts()) === this.targetText)
        return this.say(this.queue.splice(0, BATCH_MAX));
      // Somebody may have been revoked meanwhile, which does not wait for the rest.
      this.forget(0);
      return this.refresh();
    }
    this.held = this.target;
    this.settledFor = this.targetText;
  }

  private ask(): void {
    this.say([
      { command: "getDefaultACLAccess" },
      { command: "listRoles", verbose: true, count: -1 },
      { command: "listClients", verbose: true, count: -1 },
    ]);
  }

  private say(commands: readonly Command[]): void {
    const { area, bus, uptimeMs } = this.options;
    const id = `wattle/${area}/${++this.asked}`; // another area's gateway may be at the same broker
    this.pending = { id, untilMs: uptimeMs() + ANSWER_MS };
    const tagged = commands.map((command) => ({ ...command, correlationData: id }));
    const payload = Buffer.from(JSON.stringify({ commands: tagged }));
    bus.publish(TOPIC, payload, { retain: false });
  }

  private answered(payload: Uint8Array): void {
    const answers = answersIn(payload);
    if (!answers) return this.options.log("warn", "dynamic-security-answer", { what: "no JSON" });
    if (!this.pending || answers[0]?.correlationData !== this.pending.id) {
      if (answers.some(({ command }) => !LOOKS.test(command ?? ""))) this.forget(0);
      return;
    }
    this.pending = undefined;
    const failed = answers.find(({ error }) => error !== undefined);
    if (failed) {
      const { command = "", error = "" } = failed;
      this.options.log("error", "dynamic-security-refused", { command, error });
      return this.forget(this.options.uptimeMs() + AGAIN_MS);
    }
    if (this.held) return this.next();
    this.held = listed(this.options.area, listingIn(answers));
    this.refresh();
  }

  /** Asks anew, no earlier than `notBeforeMs`. */
  private forget(notBeforeMs: number): void {
    this.held = this.settledFor = this.pending = this.target = undefined;
    this.queue = [];
    this.notBeforeMs = notBeforeMs;
  }
}

function textOf(accounts: readonly Account[]): string {
  return accounts.map((one) => `${one.username} ${one.class} ${one.stamp}`).join();
}

/** What is there when everything is done: others' accounts stay. */
function mergedWith(is: DynsecState, should: DynsecState, gateway: string): DynsecState {
  const clients = new Map(should.clients);
  for (const [username, held] of is.clients) if (!held.ours) clients.set(username, held);
  const roles = [...(clients.get(gateway)?.roles ?? []), ...should.roles.keys()];
  clients.set(gateway, { ours: false, stamp: "", roles });
  return { ...should, clients };
}

function answersIn(payload: Uint8Array): Answer[] | undefined {
  try {
    const { responses } = JSON.parse(Buffer.from(payload).toString()) as { responses?: Answer[] };
    return Array.isArray(responses) ? responses : undefined;
  } catch {
    return undefined;
  }
}

function listingIn(answers: readonly Answer[]): Listing {
  const dataOf = (name: string) => answers.find(({ command }) => command === name)?.data ?? {};
  return {
    clients: (dataOf("listClients").clients ?? []) as Listing["clients"],
    roles: (dataOf("listRoles").roles ?? []) as Listing["roles"],
    defaults: (dataOf("getDefaultACLAccess").acls ?? []) as Listing["defaults"],
  };
}
