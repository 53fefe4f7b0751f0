// SPDX-License-Identifier: Apache-2.0
/**
 * The gateway application on Node: store, broker, crypto, time, logs and metrics around it. Nothing
 * is done inside a broker's callback: it queues, and one setImmediate later everything that came
 * meanwhile is a batch.
 */

import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { toHex } from "#core/codec/bytes";
import { nodeIdOf } from "#core/identity";
import { Topics } from "#core/topics";
import { Gateway } from "#gateway/gateway";
import type { Bus, GatewayLog, LogStore, Probe } from "#gateway/ports";
import { areaAcl, type Standing } from "./broker/acl.ts";
import { type Broker, startBroker } from "./broker/embedded.ts";
import { Addresses } from "./config/addresses.ts";
import { type GatewayConfig, gatewayOptions, tariffOf } from "./config/gateway-config.ts";
import { loadKey } from "./config/key-file.ts";
import { paceFault } from "./config/pace.ts";
import type { Peers } from "./consortium/peers.ts";
import { sodiumCrypto } from "./crypto/sodium.ts";
import { VerifyPool } from "./crypto/verify-pool.ts";
import { LoginKeeper } from "./dynsec/keeper.ts";
import { type FolderShelf, shelfOf } from "./firmware/shelf.ts";
import { IdentityFolder } from "./identity/folder.ts";
import { SealThread } from "./identity/seals.ts";
import { connectMqtt, type MqttBus } from "./mqtt/client.ts";
import { backupStore } from "./process/backup.ts";
import { BusTap } from "./process/bus-tap.ts";
import { closeAll } from "./process/close.ts";
import { accessAmong, joinConsortium, watchConsortium } from "./process/consortium.ts";
import { explainFailure, type Failure } from "./process/failure.ts";
import { killPoints } from "./process/kill-points.ts";
import { stderrLog } from "./process/log.ts";
import { Metrics, serveMetrics } from "./process/metrics.ts";
import { pacedGatewayLog } from "./process/paced-log.ts";
import { enginePacker } from "./process/packer.ts";
import { publishRates } from "./process/rates.ts";
import type { SlotFacts } from "./process/slot-facts.ts";
import { worldStartOf } from "./process/stored-world.ts";
import { timedStore } from "./process/timed-store.ts";
import { openSealedStore } from "./store/sealed.ts";
import type { FileStore } from "./store/sqlite.ts";

/** The longest that setTimeout waits; a longer delay asks again. */
const TIMER_MS_MAX = 2 ** 31 - 1;
/** For what was published last to reach the sockets before they are closed, ms. */
const STOP_GRACE_MS = 150;
/** How often the firmware folder and the files of the certificate are looked at, ms. */
const LOOK_MS = 10_000;

export interface GatewayHooks {
  /** A slot is settled; called soon after it is said. */
  onSlot?(slot: SlotFacts): void;
  /** All slots that were asked for are settled and said. Call `stop` to end. */
  onFinished?(): void;
  /** It cannot go on and has stopped itself; end the process with `failure.exitCode`. */
  onFatal?(failure: Failure): void;
  /** In place of JSON lines on stderr. */
  log?: GatewayLog;
  /** Serves GET /metrics on 127.0.0.1; 0 takes a free port. */
  metricsPort?: number;
  /** Puts something around the log, for measurements (bench/load/gateway.ts). */
  aroundStore?(store: LogStore): LogStore;
}

export interface GatewayProcess {
  readonly gateway: Gateway;
  /** The embedded broker, or undefined where an external one serves. */
  readonly broker: Broker | undefined;
  /** Port of the embedded broker; 0 with an external one. */
  readonly port: number;
  /** The public key that nodes have to trust, hex. */
  readonly gatewayKey: string;
  readonly worldStartMs: number;
  readonly metricsPort: number | undefined;
  /** Metrics in Prometheus' text format. */
  metrics(): Promise<string>;
  /** Copies the log as it is now to a new store at `path`, while the gateway goes on. */
  backup(path: string): Promise<number>;
  /** Looks at the firmware folder and the certificate's files now, and takes what has changed. */
  look(): void;
  /** Says goodbye, closes broker, store and threads; what does not close is in the log. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts a gateway that is ready for nodes when the promise resolves.
 * @throws what `explainFailure` explains; then nothing is left open
 */
export async function startGatewayProcess(
  config: GatewayConfig,
  hooks: GatewayHooks = {},
): Promise<GatewayProcess> {
  const log = hooks.log ?? stderrLog(config.logLevel);
  const probe = killPoints(process.env.WATTLE_KILL_AT);
  const { secretKey, made } = loadKey(config.keyFile, config.createKey);
  if (made) log("info", "key-made", { file: config.keyFile });
  const cause = paceFault(config);
  if (cause) log("warn", "clock-too-fast", { cause });
  const running = new Running(config, secretKey, hooks, log, probe);
  try {
    await running.start();
  } catch (error) {
    await running.stop();
    throw error;
  }
  return running;
}

class Running implements GatewayProcess {
  gateway!: Gateway;
  broker: Broker | undefined;
  readonly worldStartMs: number;
  readonly gatewayKey: string;
  private readonly config: GatewayConfig;
  private readonly secretKey: Uint8Array;
  private readonly hooks: GatewayHooks;
  private readonly log: GatewayLog;
  private readonly probe: Probe;
  private readonly crypto = sodiumCrypto();
  private readonly store: FileStore;
  private readonly pool: VerifyPool;
  private bus: BusTap | undefined;
  private measured: Metrics | undefined;
  private server: Server | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly shelf: FolderShelf | undefined;
  private readonly identity: { shelf: IdentityFolder; seals: SealThread } | undefined;
  private logins: LoginKeeper | undefined;
  /** The other gateways of its consortium, and the way to them. */
  private readonly addresses: Addresses | undefined;
  private peers: Peers | undefined;
  private lookTimer: NodeJS.Timeout | undefined;
  /** The identity folder has something that was not examined to the end. */
  private unexamined = false;
  private processing = false;
  private stopping: Promise<void> | undefined;

  constructor(
    config: GatewayConfig,
    secretKey: Uint8Array,
    hooks: GatewayHooks,
    log: GatewayLog,
    probe: Probe,
  ) {
    this.config = config;
    this.secretKey = secretKey;
    this.hooks = hooks;
    this.log = log;
    this.probe = probe;
    const { consortium } = config;
    this.addresses = consortium && new Addresses(this.crypto, { ...config, consortium }, secretKey);
    const publicKey = this.crypto.publicKey(secretKey);
    this.gatewayKey = toHex(publicKey);
    const { sealKeyFile: keyFile, createKey: create } = config;
    this.store = openSealedStore(config.store, { keyFile, create, probe });
    try {
      this.worldStartMs = worldStartOf(config, publicKey, this.store, Date.now());
    } catch (error) {
      this.store.close();
      throw error;
    }
    this.pool = new VerifyPool();
    this.shelf = shelfOf(config.firmware, this.crypto, log);
    this.identity = config.identity && {
      shelf: new IdentityFolder(config.identity.folder, this.crypto, log, (id) =>
        this.broker?.addressOf(id),
      ),
      seals: new SealThread(),
    };
  }

  get port(): number {
    return this.broker?.port ?? 0;
  }

  get metricsPort(): number | undefined {
    return (this.server?.address() as AddressInfo | null | undefined)?.port;
  }

  metrics(): Promise<string> {
    return this.measured!.text();
  }

  async start(): Promise<void> {
    const { config, hooks, log, probe, crypto, store, pool } = this;
    const bus = await this.connect();
    this.shelf?.scan();
    // A consortium's terms name the authority: it has to be known before there is a gateway.
    this.identity?.shelf.scan();
    const gateway = new Gateway(gatewayOptions(config, this.secretKey, this.worldStartMs), {
      crypto,
      verifier: pool,
      store: timedStore(hooks.aroundStore?.(store) ?? store, () => this.measured),
      bus,
      tariff: tariffOf(config),
      time: { nowMs: () => Date.now(), wakeAfter: (delayMs) => this.wakeAfter(delayMs) },
      probe,
      log: pacedGatewayLog(log),
      packer: enginePacker(),
      shelf: this.shelf,
      identity: this.identity,
      consortium: this.peers,
    });
    this.gateway = gateway;
    const { broker } = this;
    this.measured = new Metrics({
      gateway,
      store,
      pool,
      bus: bus.counts,
      broker,
      identities: this.identity?.shelf,
      peers: this.peers,
    });
    gateway.onWork = () => this.soon();
    gateway.onFinished = () => void setImmediate(() => hooks.onFinished?.());
    bus.onPublish = (topic, payload) => this.published(topic, payload);
    // Replay and subscription come before the first message: nothing else runs in between.
    await gateway.start();
    this.logins?.begin();
    if (this.peers)
      watchConsortium(config, this.addresses!, {
        gateway,
        peers: this.peers,
        bus,
        broker,
        crypto,
        log,
      });
    if (hooks.metricsPort !== undefined)
      this.server = await serveMetrics(this.measured, hooks.metricsPort);
    this.lookTimer = setInterval(() => this.look(), LOOK_MS).unref();
    const { area, net } = config;
    log("info", "gateway-ready", { net, area, key: this.gatewayKey, port: this.port });
  }

  backup(path: string): Promise<number> {
    return backupStore(this.store, path, this.config.sealKeyFile);
  }

  look(): void {
    if (this.stopping) return;
    this.broker?.lookForCertificate();
    this.logins?.look();
    if (this.shelf?.scan()) this.gateway.publishFirmware();
    if (this.identity?.shelf.scan() || this.unexamined) void this.lookAtIdentities();
  }

  /** Where the thread of the seals died, the next look tries again: nobody's membership hangs on it. */
  private async lookAtIdentities(): Promise<void> {
    try {
      this.unexamined = false;
      await this.gateway.lookAtIdentities();
    } catch (error) {
      this.unexamined = true;
      if (!this.stopping) this.log("error", "seals", { cause: String(error) });
    }
  }

  stop(): Promise<void> {
    return (this.stopping ??= this.close());
  }

  /** The gateway first, and at once: after an error it must not say another word. */
  private async close(): Promise<void> {
    clearTimeout(this.timer);
    clearInterval(this.lookTimer);
    const isBusy = () => (this.broker?.counts.connections ?? 0) > 0;
    const closeServer = () => {
      this.server?.closeAllConnections();
      this.server?.close();
    };
    await closeAll(
      [
        ["gateway", () => this.gateway?.stop()],
        ["logins", () => this.logins?.close()],
        ["peers", () => this.peers?.close()],
        ["last words", () => delay(isBusy() ? STOP_GRACE_MS : 1)],
        ["bus", () => this.bus?.close()],
        ["metrics", closeServer],
        ["seals", () => this.identity?.seals.close()],
        ["pool", () => this.pool.close()],
        ["store", () => this.store.close()],
      ],
      this.log,
    );
    this.log("info", "gateway-stopped", { entries: this.store.length });
  }

  private async connect(): Promise<BusTap> {
    const { config, log } = this;
    if (config.bus.kind === "listen") {
      const here = toHex(nodeIdOf(this.crypto, this.crypto.publicKey(this.secretKey)));
      this.broker = await startBroker({
        ...config.bus,
        acl: areaAcl(config.area, (id) => this.standing(id), here),
        authenticate: accessAmong(config, this.secretKey, log, () => {
          return { peers: this.peers, gateway: this.gateway };
        }),
        limits: publishRates(config),
        log,
      });
      this.peers = this.join(this.broker);
      return (this.bus = new BusTap(this.broker, false));
    }
    const topic = new Topics(config.area).monitor("gateway");
    const { net, area } = config;
    const last = { state: "offline", net, area, publicKey: this.gatewayKey, reason: "lost" };
    const { dynamicSecurity, username, ...bus } = config.bus;
    const clientId = `gateway-${area}`;
    const mqtt: MqttBus = connectMqtt({
      ...bus,
      ...{ clientId, username: username ?? clientId },
      will: { topic, payload: Buffer.from(JSON.stringify(last)) },
      log,
    });
    const tap = (this.bus = new BusTap(mqtt, true));
    this.peers = this.join(mqtt);
    this.logins =
      dynamicSecurity &&
      new LoginKeeper({
        ...{ logins: dynamicSecurity.logins, gateway: username ?? clientId, bus: mqtt, log },
        source: { crypto: this.crypto, secretKey: this.secretKey, net, area },
        standing: (id) => this.standing(id),
      });
    let connected = 0;
    mqtt.onConnect(() => {
      if (connected++ > 0) tap.repeat();
    });
    return tap;
  }

  /** Looks for the other gateways, where there is a consortium. */
  private join(bus: Bus): Peers | undefined {
    const { config, secretKey, crypto, log, addresses } = this;
    return joinConsortium(config, addresses, {
      ...{ secretKey, crypto, bus, log },
      isNew: this.store.length === 0,
      onChange: (other) => this.broker?.drop(other),
      fail: (error) => this.fail(error),
    });
  }

  /** What a node whose key is proven is to the area just now. */
  private standing(id: string): Standing {
    const code = this.gateway?.area.barred(id);
    if (!code) return "member";
    return code === "NOT_ENROLLED" ? "guest" : "barred";
  }

  private wakeAfter(delayMs: number): void {
    clearTimeout(this.timer);
    if (this.stopping) return;
    const due = () => this.run(() => this.gateway.onTimer());
    this.timer = setTimeout(due, Math.min(delayMs, TIMER_MS_MAX));
  }

  private soon(): void {
    if (this.processing) return;
    this.processing = true;
    setImmediate(() => {
      this.processing = false;
      this.run(() => this.gateway.process());
    });
  }

  private run(work: () => Promise<void>): void {
    if (this.stopping) return;
    work().catch((error) => this.fail(error));
  }

  /** What the gateway knows is no longer what its log says: it must not say another word. */
  private fail(error: unknown): void {
    if (this.stopping) return;
    const failure = explainFailure(error, this.config.store);
    this.log("error", "fatal", { code: failure.code, cause: failure.message });
    void this.stop().then(() => this.hooks.onFatal?.(failure));
  }

  private published(topic: string, payload: Uint8Array): void {
    const { onSlot } = this.hooks;
    if (!onSlot || topic !== this.gateway.area.topics.monitor("slot")) return;
    const facts = JSON.parse(Buffer.from(payload).toString()) as SlotFacts;
    setImmediate(() => onSlot(facts));
  }
}
