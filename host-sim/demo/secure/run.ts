// SPDX-License-Identifier: Apache-2.0
/**
 * A demo in which nobody takes part unless an authority says so: TLS, certificates for gateway and nodes, one
 * member that is revoked and one whose certificate ends. What an operator does is done with the operator's
 * commands, and each is said.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { toHex } from "#core/codec/bytes";
import { nodeIdOf } from "#core/identity";
import { DAY_MS } from "#core/units/time";
import { sodiumCrypto } from "#node/crypto/sodium";
import { REQUESTS_FOLDER } from "#node/identity/folder";
import type { SecureNode } from "../../report/secure.ts";
import { SIM_AREA, SIM_NET, seededKey } from "../../setup.ts";
import type { NodesProcess } from "../nodes-process.ts";
import type { Watch } from "../watch.ts";
import { Desk, DeskError } from "./desk.ts";
import { type Metrics, metricsOf } from "./metrics.ts";
import { type Tried, tryStrangers } from "./probe.ts";
import type { Market } from "./reference.ts";
import { type Roles, rolesIn } from "./roles.ts";

type Say = (line: string) => void;

/** How long the operator waits for what nodes and gateway do by themselves, ms. */
const PATIENCE_MS = 60_000;
/** How often it is looked whether they have, ms. */
const LOOK_MS = 20;
export const REASON = "misbehaved";

/** A member that lost its right, asked after another start of its node. */
export interface Asked {
  shownMicro: number | null;
  accounts: number;
}

export interface Enrolled extends SecureNode {
  claimed: boolean;
}

export class SecureRun {
  readonly roles: Roles;
  readonly market: Market;
  readonly enrolled: Enrolled[] = [];
  anchorKey = "";
  /** Slots that were settled when the operator revoked. */
  revokedAfter = -1;
  readonly asked = new Map<number, Asked>();
  tried: Tried[] = [];
  /** Requests of nodes that wait when the run is over: name and the serial that is to be renewed. */
  waiting: { name: string; renews: number }[] = [];
  metrics: Metrics | undefined;
  private readonly dir: string;
  private readonly crypto = sodiumCrypto();
  /** Nowhere but here: the key store is worth nothing when the demo is over. */
  private readonly passphrase = randomBytes(24).toString("base64url");
  private gateway = { key: new Uint8Array(0), pid: 0, log: "" };

  /** @param dir a folder of the run, which is made anew */
  constructor(dir: string, market: Market) {
    this.dir = join(dir, "secure");
    this.market = market;
    this.roles = rolesIn(market.world);
  }

  private get key(): string {
    return join(this.dir, "authority.key");
  }

  private get identity(): string {
    return join(this.dir, "identity");
  }

  private get ca(): string {
    return join(this.dir, "tls", "ca.pem");
  }

  /** PEM of the authority of the broker's certificate. */
  get caPem(): string {
    return readFileSync(this.ca, "utf8");
  }

  /** For the gateway's configuration. */
  get trust() {
    const tls = join(this.dir, "tls");
    return {
      identity: this.identity,
      cert: join(tls, "broker.pem"),
      key: join(tls, "broker.key"),
    };
  }

  /** What the nodes know: the broker's authority, the authority of their certificates, their meters. */
  get nodeArgs(): string[] {
    return ["--ca", this.ca, "--authority", this.anchorKey, "--meter", "M"];
  }

  nodeKey(home: number): { id: string; secretKey: Uint8Array } {
    const secretKey = seededKey(this.crypto, this.market.seed, "node", home);
    return { id: toHex(nodeIdOf(this.crypto, this.crypto.publicKey(secretKey))), secretKey };
  }

  /** An authority, and a certificate for the broker. */
  async prepare(say: Say): Promise<void> {
    rmSync(this.dir, { recursive: true, force: true });
    mkdirSync(this.dir, { recursive: true });
    const desk = new Desk(this.passphrase, say);
    const { key, identity: out } = this;
    const made = await desk.init({ net: SIM_NET, name: "demo", key, out });
    this.anchorKey = String(made.anchorKey);
    say(`  anchor ${this.anchorKey}; a random passphrase, and cheap scrypt: for a demo alone`);
    await desk.tls({ host: "127.0.0.1,localhost", days: "2", key, out: join(this.dir, "tls") });
  }

  /** A certificate for the gateway, which runs. */
  async certify(files: { ready: string; gatewayLog: string }, say: Say): Promise<void> {
    const { pid, gatewayKey } = JSON.parse(readFileSync(files.ready, "utf8"));
    this.gateway = { key: Buffer.from(gatewayKey, "hex"), pid, log: files.gatewayLog };
    await new Desk(this.passphrase, say).issue({
      gateway: files.ready,
      area: SIM_AREA,
      ...this.validity(this.goodMs),
      key: this.key,
      out: this.identity,
    });
    this.tellGateway(say);
  }

  /** Every node has asked; the operator goes from meter to meter, reads its code and approves. */
  async enrol(nodesLog: string, say: Say): Promise<void> {
    const { homes } = this.market.world;
    const requests = join(this.identity, REQUESTS_FOLDER);
    await this.until(`${homes.length} requests in ${requests}`, () => {
      const files = readdirSync(requests).filter((name) => name.endsWith(".enrol"));
      return files.length === homes.length;
    });
    const desk = new Desk(this.passphrase, say);
    const claims = claimsIn(readFileSync(nodesLog, "utf8"));
    for (const [home, { name }] of homes.entries()) {
      const claim = claims.get(name);
      if (claim === undefined) throw new DeskError(`${name} shows no claim code; see ${nodesLog}`);
      const untilMs = home === this.roles.expired ? this.roles.endMs : this.goodMs;
      const { key, identity: folder } = this;
      const validity = this.validity(untilMs);
      const { approved } = await desk.approve(name, { claim, ...validity, key, folder });
      const [{ serial, claimed }] = approved as { serial: number; claimed: boolean }[];
      this.enrolled[home] = {
        name,
        id: this.nodeKey(home).id,
        serial,
        until: iso(untilMs),
        claimed,
      };
    }
    this.tellGateway(say);
  }

  /** Until all slots are settled; half-way the operator revokes. */
  async trade(watch: Watch, gatewayEnd: Promise<number | null>, say: Say): Promise<void> {
    let ended = false;
    void gatewayEnd.then(() => {
      ended = true;
    });
    while (!watch.totals?.finished) {
      if (ended) throw new DeskError(`the gateway ended; its log is ${this.gateway.log}`);
      const settled = watch.totals?.slotsSettled ?? 0;
      if (settled >= this.roles.halfSlot && this.revokedAfter < 0) await this.revoke(settled, say);
      await delay(LOOK_MS);
    }
  }

  private async revoke(settled: number, say: Say): Promise<void> {
    const { world } = this.market;
    this.revokedAfter = settled;
    const { id } = this.enrolled[this.roles.revoked];
    const at = iso(world.startMs + settled * world.slotSeconds * 1000);
    const { key, identity: out } = this;
    await new Desk(this.passphrase, say).revoke(id, { reason: REASON, at, key, out });
    this.tellGateway(say);
  }

  /** The two that are out start again: they are told why, and what they own. Then strangers try. */
  async interview(nodes: NodesProcess, url: string, say: Say): Promise<void> {
    for (const home of [this.roles.revoked, this.roles.expired]) {
      await nodes.restart(home);
      const { name } = this.market.world.homes[home];
      let shown = await nodes.look(home);
      await this.until(`${name} is told its balance`, async () => {
        shown = await nodes.look(home);
        return (shown.heard.account ?? 0) > 0 && (shown.heard.config ?? 0) > 0;
      });
      const { face, heard } = shown;
      const micro = face ? face.coinsMicro + face.lockedMicro : null;
      this.asked.set(home, { shownMicro: micro, accounts: heard.account ?? 0 });
      say(`${name} started again and shows ${(micro ?? 0) / 1e6} coins`);
    }
    const target = { url, ca: this.caPem, gatewayKey: this.gateway.key };
    this.tried = await tryStrangers(this.crypto, target, this.nodeKey(this.roles.revoked));
    const { requests } = await new Desk(this.passphrase, say).requests(this.identity);
    this.waiting = requests as { name: string; renews: number }[];
    this.metrics = await metricsOf(readFileSync(this.gateway.log, "utf8"));
  }

  /** The gateway looks at its folder by itself too, every ten seconds. */
  private tellGateway(say: Say): void {
    say(`$ kill -HUP ${this.gateway.pid}   # the gateway looks at its folder now`);
    process.kill(this.gateway.pid, "SIGHUP");
  }

  private get goodMs(): number {
    const { world } = this.market;
    return world.startMs + world.slots * world.slotSeconds * 1000 + 366 * DAY_MS;
  }

  private validity(untilMs: number) {
    const { startMs } = this.market.world;
    return { at: iso(startMs), from: iso(startMs - DAY_MS), until: iso(untilMs) };
  }

  private async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const endMs = performance.now() + PATIENCE_MS;
    while (!(await holds())) {
      if (performance.now() > endMs) throw new DeskError(`waited in vain for: ${what}`);
      await delay(5 * LOOK_MS);
    }
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** What the nodes show, by their names. */
function claimsIn(log: string): Map<string, string> {
  const lines = log.matchAll(/^(.+): claim code (\S+)$/gm);
  return new Map([...lines].map(([, name, code]) => [name, code]));
}
