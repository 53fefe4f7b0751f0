// SPDX-License-Identifier: Apache-2.0
/**
 * `wattle monitor`: a live view of an area over MQTT; it reads the monitor topics and says
 * nothing.
 */
import { existsSync } from "node:fs";
import { OPERATOR_KEY_FILE, operatorKey } from "../config/operator-key.ts";
import { authorityFrom, pemOf } from "./authority-file.ts";
import { MonitorLink } from "./monitor-link.ts";
import { MonitorView } from "./monitor-view.ts";

export interface MonitorCommandOptions {
  /** For example "mqtt://127.0.0.1:1883". */
  url: string;
  area: string;
  /** The operator's key file. Default: operator.key, where it is there. */
  key?: string;
  /** File with the certificate of an mqtts broker's authority. */
  ca?: string;
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
/** Lines of a picture where nobody says how many fit. */
const HEIGHT_PLAIN = 5000;

const ALTERNATE = "\x1b[?1049h\x1b[?25l";
const RESTORE = "\x1b[?25h\x1b[?1049l";

/** Runs until q, Ctrl-C or SIGTERM (or one picture with `once`); the answer is the exit code. */
export async function monitorCommand(options: MonitorCommandOptions): Promise<number> {
  const view = new MonitorView(options.area, options.url.replace(/\/\/[^/@]*@/, "//"));
  const follow: Follow = { onChange: () => {} };
  let link: MonitorLink;
  try {
    link = linkOf(options, view, follow);
  } catch (error) {
    process.stderr.write(`wattle monitor: ${(error as Error).message}\n`);
    return 78;
  }
  try {
    if (options.once) return await once(view, follow, options.onceTimeoutMs ?? 5000);
    if (options.plain || !process.stdout.isTTY) return await plain(view, follow);
    return await live(view, follow);
  } finally {
    link.end();
  }
}

interface Follow {
  /** Called after every change of the view; `settled` where a slot was. */
  onChange: (settled: boolean) => void;
}

/** @throws what says which option is wrong, and what to give */
function linkOf(options: MonitorCommandOptions, view: MonitorView, follow: Follow): MonitorLink {
  const { url, area, username, password } = options;
  if (!URL.canParse(url))
    throw new Error(`${url} is no URL. Give one such as mqtt://127.0.0.1:1883`);
  const file = options.key ?? (existsSync(OPERATOR_KEY_FILE) ? OPERATOR_KEY_FILE : undefined);
  const key = file === undefined ? undefined : { file, secretKey: operatorKey(file) };
  const ca = options.ca === undefined ? undefined : pemOf(authorityFrom(options.ca));
  const { filters } = view;
  return new MonitorLink(
    { url, area, filters, key, ca, username, password },
    {
      connected() {
        view.link = "connected";
        view.linkError = "";
        view.outsider = false;
        follow.onChange(false);
      },
      closed() {
        if (view.link === "connected") view.link = "lost";
        follow.onChange(false);
      },
      trouble(text) {
        view.linkError = text;
        follow.onChange(false);
      },
      outsider(text) {
        view.linkError = text;
        view.outsider = true;
        follow.onChange(false);
      },
      message: (topic, payload) => follow.onChange(view.apply(topic, payload)),
    },
  );
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
