// SPDX-License-Identifier: Apache-2.0
/**
 * The state machines below the node application (time, link, health) through one scripted day, on any engine:
 * the lines that they say are compared.
 */
import { utf8 } from "#host-sim/fleet/abi";
import type { XsGlobal } from "#host-sim/fleet/xs-crypto";
import { BootGuard } from "#meter/health/boot-guard";
import type { ResetReason } from "#meter/health/reset-reason";
import { Watchdog } from "#meter/health/watchdog";
import type { MqttClientIo, MqttClientOptions, MqttWriteOptions } from "#meter/link/client";
import { NetworkUp } from "#meter/link/network-up";
import { MqttSession } from "#meter/link/session";
import type { KeyValueStore } from "#meter/ports";
import { TimeKeeper } from "#meter/time/keeper";
import { TimeSync } from "#meter/time/sync";
import { ManualTimer } from "../helpers/driver-io.ts";

declare const host: XsGlobal;

const TRUE_MS = 1_800_000_000_000;

function store(): KeyValueStore {
  const entries = new Map<string, Uint8Array>();
  return {
    get: (key) => entries.get(key),
    set: (key, value) => void entries.set(key, value),
    delete: (key) => void entries.delete(key),
    keys: (prefix) => [...entries.keys()].filter((key) => key.startsWith(prefix)),
  };
}

/** Takes everything in fragments of up to 100 bytes, and gives every message in pieces of three. */
function scriptedClient(timer: ManualTimer, say: (line: string) => void) {
  const current: { client?: Scripted } = {};
  class Scripted implements MqttClientIo {
    readonly options: MqttClientOptions;
    open = true;
    private left = 0;
    constructor(options: MqttClientOptions) {
      this.options = options;
      current.client = this;
      say(`connect ${options.id} ${options.keepAlive} ${options.will.message}`);
      new options.dns.io(options.dns as never).resolve({
        host: options.host,
        onError: () => {},
        onResolved: () => this.control({ operation: 2 }, 100),
      });
      this.ping();
    }
    ping(): void {
      this.control({ operation: 13 });
      if (this.open) timer.after(45_000, () => this.ping());
    }
    control(message: { operation: number; id?: number; payload?: number[] }, room = 0): void {
      timer.after(10, () => {
        if (!this.open) return;
        this.options.onControl(message);
        if (room > 0) this.options.onWritable(room);
      });
    }
    read(what: number | Uint8Array): never {
      if (typeof what !== "number") what.fill(what.length);
      return (typeof what === "number" ? new ArrayBuffer(what) : what.length) as never;
    }
    write(data: Uint8Array | null, options?: MqttWriteOptions): number {
      say(`write ${data?.length ?? "-"} ${JSON.stringify(options ?? "more")}`);
      if (options?.operation === 8)
        this.control({ operation: 9, id: options.id, payload: options.items.map(() => 1) }, 100);
      if (options?.operation === 3) {
        this.left = options.byteLength;
        this.control({ operation: 4, id: options.id }, 100);
      }
      this.left -= data?.length ?? 0;
      return this.left > 0 ? 40 : 100;
    }
    message(topic: string, byteLength: number): void {
      for (let at = 0; at < byteLength; at += 3) {
        const more = at + 3 < byteLength;
        const piece = at === 0 ? { more, topic, byteLength } : { more };
        this.options.onReadable(Math.min(3, byteLength - at), piece);
      }
    }
    close(): void {
      if (this.open) say("close");
      this.open = false;
    }
  }
  return { current, client: Scripted };
}

/** A node's time, link and watchdog on one timer; what they do goes to `say`. */
function platform(timer: ManualTimer, say: (line: string) => void) {
  const log = (level: string, event: string, facts?: object) =>
    say(`${level} ${event} ${JSON.stringify(facts ?? {})}`);
  let draws = 0;
  const entropy = {
    bytes: (n: number) => Uint8Array.from({ length: n }, () => (draws++ * 37) & 0xff),
  };
  const keeper = new TimeKeeper({
    uptimeMs: () => timer.uptimeMs(),
    onStep: (beforeMs, afterMs) => say(`step ${beforeMs} ${afterMs}`),
    log,
  });
  const world = { lieMs: 0, network: true };
  const server = {
    ask(done: (fix: { utcMs: number; uptimeMs: number; errorMs: number }) => void) {
      const uptimeMs = timer.uptimeMs();
      done({ utcMs: TRUE_MS + uptimeMs + world.lieMs, uptimeMs, errorMs: 40 });
      return () => {};
    },
  };
  const offer = keeper.offer.bind(keeper);
  const { current, client } = scriptedClient(timer, say);
  class Dns {
    resolve({ host: name, onResolved }: { host: string; onResolved(h: string, a: string): void }) {
      timer.after(5, () => onResolved(name, "192.0.2.1"));
    }
  }
  const session: MqttSession = new MqttSession(
    { client, host: "b", port: 1883, dns: { io: Dns }, socket: {}, bytesMax: () => 64 },
    { timer, entropy, log, onChange: () => up.changed() },
  );
  const up: NetworkUp = new NetworkUp({
    network: { up: () => world.network, onChange: () => {} },
    timer,
    utc: () => keeper.utc(),
    sync: new TimeSync({ timer, entropy, server, offer, log }),
    session,
    log,
    onState: (state) => say(`state ${state}`),
  });
  const dog = new Watchdog(
    {
      sampling: { progress: () => timer.uptimeMs(), idle: () => false },
      storage: { progress: () => 0, idle: () => true },
      link: { progress: () => session.progress, idle: () => !world.network },
    },
    { timer, feed: () => {}, log },
  );
  dog.start();
  up.start({
    id: "node",
    subscriptions: () => ["a/node/down/+", "a/epoch"],
    will: () => ({ topic: "a/node/state", payload: "offline" }),
    onConnect: () => session.publish("a/node/state", utf8("online"), true),
    onDisconnect: () => say("disconnected"),
    onMessage: (topic, payload) => say(`message ${topic} ${payload.join(" ")}`),
  });
  return { world, keeper, session, up, dog, current, log };
}

/** The lines that the machines say. */
export function platformDay(): string[] {
  const lines: string[] = [];
  const timer = new ManualTimer();
  const say = (line: string) => void lines.push(`${timer.uptimeMs()} ${line}`);
  const { world, keeper, session, up, dog, current, log } = platform(timer, say);
  const tell = () => say(JSON.stringify([keeper.utc(), dog.starvedBy ?? "fed", session.facts]));
  timer.advance(30_000);
  tell();
  session.publish("a/node/up/tx", new Uint8Array(250), false);
  current.client!.message("a/epoch", 10);
  current.client!.message("a/epoch", 65);
  keeper.gatewayTime(TRUE_MS + timer.uptimeMs() - 300);
  timer.advance(3_600_000);
  tell();
  world.lieMs = 86_400_000;
  timer.advance(7_200_000);
  tell();
  keeper.gatewayTime(TRUE_MS + timer.uptimeMs() + world.lieMs - 300);
  tell();
  world.network = false;
  timer.advance(8 * 3_600_000);
  tell();
  world.network = true;
  timer.advance(120_000);
  up.stop(() => say("stopped"));
  timer.advance(60_000);
  tell();
  const flash = store();
  const resets: ResetReason[] = ["power-on", "panic", "watchdog", "software", "brownout"];
  for (const reset of resets)
    new BootGuard({
      store: flash,
      timer,
      log,
      reset,
      image: "1.0.0",
      healthy: () => true,
      restart: () => say("restart"),
    }).start();
  world.network = false; // nobody misses the link any more
  timer.advance(2 * 86_400_000);
  return lines;
}

/** The body of the entry module. */
export function runPlatform(): void {
  host.onEvent = () => host.post(1, utf8(JSON.stringify(platformDay())));
}
