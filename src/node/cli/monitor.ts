// SPDX-License-Identifier: Apache-2.0
/**
 * `wattle monitor`: a live view of an area over MQTT; it reads the monitor topics and says
 * nothing.
 */
import { randomBytes } from "node:crypto";
import { connect, type MqttClient } from "mqtt";
import { MonitorView } from "./monitor-view.ts";

export interface MonitorCommandOptions {
  /** For example "mqtt://127.0.0.1:1883". */
  url: string;
  area: string;
  /** Default: the client id, which the embedded broker asks for. */
  username?: string;
  password?: string;
  /** Lines instead of a picture, also on a terminal. */
  plain?: boolean;
  /** Print one picture and end. */
  once?: boolean;
  /** How long `once` waits for a gateway, ms. Default 5000. */
  onceTimeoutMs?: number;
}

/** Redraws are gathered: a slot of a large area is a thousand messages. */
const REDRAW_MS = 100;
/** With `once`: after the last message came, ms. */
const SETTLE_MS = 300;
const RECONNECT_MS = 1000;
/** Lines of a picture where nobody says how many fit. */
const HEIGHT_PLAIN = 5000;

const ALTERNATE = "\x1b[?1049h\x1b[?25l";
const RESTORE = "\x1b[?25h\x1b[?1049l";

/** Runs until q, Ctrl-C or SIGTERM (or one picture with `once`); the answer is the exit code. */
export async function monitorCommand(options: MonitorCommandOptions): Promise<number> {
  const view = new MonitorView(options.area, options.url.replace(/\/\/[^/@]*@/, "//"));
  const clientId = `monitor-${randomBytes(6).toString("hex")}`;
  let client: MqttClient;
  try {
    client = connect(options.url, {
      clientId,
      ...(!namesUser(options.url) && { username: options.username ?? clientId }),
      ...(options.password !== undefined && { password: options.password }),
      protocolVersion: 4,
      clean: true,
      keepalive: 30,
      reconnectPeriod: RECONNECT_MS,
    });
  } catch (error) {
    const cure = "Give a URL such as mqtt://127.0.0.1:1883";
    process.stderr.write(`wattle monitor: ${(error as Error).message}. ${cure}.\n`);
    return 78;
  }
  const follow = follower(client, view);
  try {
    if (options.once) return await once(view, follow, options.onceTimeoutMs ?? 5000);
    if (options.plain || !process.stdout.isTTY) return await plain(view, follow);
    return await live(view, follow);
  } finally {
    client.end(true);
  }
}

/** Whether the URL has a user of its own, as for brokers that ask monitors for a password. */
function namesUser(url: string): boolean {
  return (URL.parse(url)?.username ?? "") !== "";
}

interface Follow {
  /** Called after every change of the view; `settled` where a slot was. */
  onChange: (settled: boolean) => void;
}

function follower(client: MqttClient, view: MonitorView): Follow {
  const follow: Follow = { onChange: () => {} };
  client.on("connect", () => {
    view.link = "connected";
    view.linkError = "";
    follow.onChange(false);
    client.subscribe(view.filters, { qos: 1 }, (error) => {
      if (!error) return;
      view.linkError = `the broker denies this area: ${error.message}`;
      follow.onChange(false);
    });
  });
  client.on("message", (topic, payload) => follow.onChange(view.apply(topic, payload)));
  client.on("close", () => {
    if (view.link === "connected") view.link = "lost";
    follow.onChange(false);
  });
  client.on("error", (error) => {
    view.linkError = (error as NodeJS.ErrnoException).code ?? error.message;
    follow.onChange(false);
  });
  return follow;
}

/** Resolves when the user or the system wants an end. */
function untilStopped(): { stopped: Promise<void>; release: () => void } {
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  const stop = () => resolve();
  process.on("SIGINT", stop).on("SIGTERM", stop);
  const release = () => void process.off("SIGINT", stop).off("SIGTERM", stop);
  return { stopped, release };
}

async function once(view: MonitorView, follow: Follow, timeoutMs: number): Promise<number> {
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const late = setTimeout(resolve, timeoutMs);
  let settle: NodeJS.Timeout | undefined;
  follow.onChange = () => {
    if (!view.hasGateway) return;
    clearTimeout(settle);
    settle = setTimeout(resolve, SETTLE_MS);
  };
  await done;
  clearTimeout(late);
  clearTimeout(settle);
  const width = process.stdout.isTTY ? process.stdout.columns : HEIGHT_PLAIN;
  process.stdout.write(`${view.render(width, HEIGHT_PLAIN).join("\n")}\n`);
  return view.hasGateway ? 0 : 1;
}

/** One line a slot, and one whenever connection or gateway come or go. */
async function plain(view: MonitorView, follow: Follow): Promise<number> {
  const { stopped, release } = untilStopped();
  let said = "";
  follow.onChange = (settled) => {
    const status = view.status();
    if (settled || status !== said) process.stdout.write(`${settled ? view.line() : status}\n`);
    said = status;
  };
  follow.onChange(false);
  await stopped;
  release();
  return 0;
}

/** The picture, drawn again in place on every change. */
async function live(view: MonitorView, follow: Follow): Promise<number> {
  const { stdin, stdout } = process;
  const { promise: quit, resolve } = Promise.withResolvers<void>();
  const { stopped, release } = untilStopped();
  let timer: NodeJS.Timeout | undefined;
  const draw = () => {
    timer = undefined;
    const lines = view.render(stdout.columns, stdout.rows - 1);
    // Home, each line cleared to its end, then everything below: no flicker as after a full clear.
    stdout.write(`\x1b[H${lines.map((line) => `${line}\x1b[K\n`).join("")}\x1b[J q: quit`);
  };
  const soon = () => void (timer ??= setTimeout(draw, REDRAW_MS));
  const onKey = (key: Buffer) => {
    if (key.includes("q") || key.includes(3)) resolve();
  };
  follow.onChange = soon;
  stdout.write(ALTERNATE);
  stdout.on("resize", soon);
  if (stdin.isTTY) stdin.setRawMode(true);
  stdin.on("data", onKey);
  soon();
  await Promise.race([quit, stopped]);
  clearTimeout(timer);
  follow.onChange = () => {};
  stdout.off("resize", soon);
  stdin.off("data", onKey);
  if (stdin.isTTY) stdin.setRawMode(false);
  stdin.pause();
  stdout.write(RESTORE);
  release();
  return 0;
}
