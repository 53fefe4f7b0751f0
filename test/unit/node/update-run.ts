// SPDX-License-Identifier: Apache-2.0
/**
 * A whole update over real MQTT: signed and published by the command line, announced by a gateway in a process of
 * its own. On the way the connection is lost, and the gateway is killed. Then one that does not stay.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseVersion } from "#core/records/release";
import { makeImage } from "#host-sim/flash/image";
import { keygenCommand, publishCommand, signCommand } from "#node/cli/firmware";
import { sodiumCrypto } from "#node/crypto/sodium";
import { readReleaseKey } from "#node/firmware/release-key";
import { connectOperator, until } from "./mqtt-tools.ts";
import { UpdatingMeter } from "./updating-meter.ts";

const crypto = sodiumCrypto();
const SECTOR_BYTES = 4096;
const quiet = { say: () => {}, err: () => {} };

/** A gateway that waits for a second node for ever: nothing but the update goes on. */
const CONFIG = {
  net: "test",
  area: "u",
  store: "gateway.db",
  keyFile: "gateway.key",
  listen: { port: 0 },
  expectNodes: 2,
  clock: "barrier",
  firmware: { folder: "firmware" },
  log: { level: "error" },
};

interface Gateway {
  port: number;
  gatewayKey: string;
  /** With SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

type State = Record<string, unknown>;

/** What was seen of the good update. */
export interface GoodUpdate {
  /** Bytes that had come when the connection was lost, and when the gateway was killed. */
  lostAtBytes: number;
  killedAtBytes: number;
  receivedBytes: number;
  /** Versions that were started, in order. */
  starts: string[];
  /** What the meter said of the update, in order. */
  said: unknown[];
  /** Its retained state at the end. */
  retained: State;
  seconds: number;
}

/** What was seen of the one that finds no meter. */
export interface BadUpdate {
  starts: string[];
  last: State;
  seconds: number;
}

export class UpdateRun {
  private readonly dir = mkdtempSync(join(tmpdir(), "wattle-update-"));
  private readonly children: ChildProcess[] = [];
  private meter!: UpdatingMeter;
  private gateway!: Gateway;

  /** 1.1.0 of `sizeBytes` on a board that runs 1.0.0. */
  async good(sizeBytes: number): Promise<GoodUpdate> {
    const startMs = performance.now();
    mkdirSync(join(this.dir, "firmware"));
    const key = join(this.dir, "release.key");
    if (keygenCommand(key, quiet) !== 0) throw new Error("no release key");
    const releaseKey = crypto.publicKey(readReleaseKey(key));
    const factory = makeImage(crypto, parseVersion("1.0.0")!, 50_000, 1);
    this.publish("1.1.0", sizeBytes, 2);
    this.gateway = await this.startGateway();
    const { gatewayKey } = this.gateway;
    const setup = { area: "u", gatewayKey, releaseKey, board: "sim", factory, slotSectors: 80 };
    const meter = new UpdatingMeter(setup);
    this.meter = meter;
    meter.start();
    await meter.connect(this.gateway.port);
    const some = 15 * SECTOR_BYTES;
    await until(() => meter.receivedBytes > some, "a part of the image", 20_000);
    meter.cut();
    const lostAtBytes = meter.receivedBytes;
    await meter.connect(this.gateway.port);
    await until(() => meter.receivedBytes > lostAtBytes + some, "some more of it", 20_000);
    await this.gateway.kill();
    const killedAtBytes = meter.receivedBytes;
    await this.reconnect();
    await until(() => meter.starts.length === 2, "the restart into the new image", 30_000);
    const { receivedBytes } = meter;
    await until(() => this.last.update === "confirmed", "the confirmation", 20_000);
    const retained = await this.retainedState();
    const said = meter.states.map(({ update }) => update);
    const seconds = (performance.now() - startMs) / 1000;
    const starts = [...meter.starts];
    return { lostAtBytes, killedAtBytes, receivedBytes, starts, said, retained, seconds };
  }

  /** Then 1.2.0, in which the metering chip does not answer. */
  async bad(): Promise<BadUpdate> {
    const startMs = performance.now();
    const { meter } = this;
    this.publish("1.2.0", 20_000, 3);
    meter.meterless = "1.2.0";
    await this.gateway.kill();
    await this.reconnect();
    await until(() => meter.starts.length === 3, "the restart into 1.2.0", 20_000);
    await until(() => meter.starts.length === 4, "the way back", 40_000);
    await until(() => this.last.updateCode !== undefined, "the reason");
    const seconds = (performance.now() - startMs) / 1000;
    return { starts: meter.starts.slice(2), last: this.last, seconds };
  }

  /** Ends all processes, and removes the folder. */
  close(): void {
    this.meter?.off();
    for (const child of this.children) child.kill("SIGKILL");
    rmSync(this.dir, { recursive: true, force: true });
  }

  private get last(): State {
    return this.meter.states[this.meter.states.length - 1];
  }

  /** To a new gateway process on the same store. */
  private async reconnect(): Promise<void> {
    this.gateway = await this.startGateway();
    this.meter.cut();
    await this.meter.connect(this.gateway.port);
  }

  private async startGateway(): Promise<Gateway> {
    const file = join(this.dir, "gateway.json");
    writeFileSync(file, JSON.stringify(CONFIG));
    const readyFile = join(this.dir, `ready-${this.children.length}.json`);
    const program = fileURLToPath(new URL("./gateway-child.ts", import.meta.url));
    const child = spawn(process.execPath, [program, file, readyFile], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    this.children.push(child);
    await until(() => existsSync(readyFile), "a gateway", 15_000);
    const kill = async () => {
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    };
    return { ...JSON.parse(readFileSync(readyFile, "utf8")), kill };
  }

  private publish(version: string, sizeBytes: number, seed: number): void {
    const path = join(this.dir, `meter-${version}.bin`);
    writeFileSync(path, makeImage(crypto, parseVersion(version)!, sizeBytes, seed));
    const key = join(this.dir, "release.key");
    const options = { key, board: "sim", release: version, chunkBytes: "4096", ...quiet };
    const release = path.replace(".bin", ".release");
    if (signCommand(path, options) !== 0) throw new Error("not signed");
    if (publishCommand(release, join(this.dir, "firmware"), quiet) !== 0)
      throw new Error("not published");
  }

  /** What the broker keeps of the meter once it says that it runs 1.1.0. */
  private async retainedState(): Promise<State> {
    const monitor = await connectOperator(this.gateway, join(this.dir, "operator.key"));
    let retained: State = {};
    monitor.on("message", (_, payload) => (retained = JSON.parse(payload.toString())));
    await monitor.subscribeAsync(`wattle/1/u/node/${this.meter.node.id}/state`, { qos: 1 });
    await until(() => retained.firmware === "1.1.0", "the retained state");
    monitor.end(true);
    return retained;
  }
}
