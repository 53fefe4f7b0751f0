// SPDX-License-Identifier: Apache-2.0
/**
 * What the stand-ins of the SDK's modules share: uptime, timers, and who is told of which event. Time stands
 * still until the driver lets it go on, and stops again as soon as something was said that may be answered.
 */
import type { XsGlobal } from "../../xs-host/global.ts";
import { Event, Post, withArgument } from "../abi.ts";

declare const host: XsGlobal;

/** What the SDK gives for a timer is an object of two slots; this has four, and the callback. */
export interface TimerHandle {
  run: (timer: TimerHandle) => void;
  atMs: number;
  next: TimerHandle | undefined;
  everyMs?: number;
}

export interface SocketEvents {
  onReadable?: (count: number) => void;
  onWritable?: (count: number) => void;
  onError?: () => void;
}

interface Machine {
  nowMs: number;
  /** Timers by the time at which they fall due. */
  first: TimerHandle | undefined;
  /** Something was said to the world: the turn ends. */
  spoke: boolean;
  /** Bytes that wait at each serial port. */
  waiting: number[];
  sockets: Map<number, SocketEvents>;
  lookups: Map<number, (address: string | undefined) => void>;
  nextId: number;
  onWifi: ((up: boolean) => void) | undefined;
  /** The module that can be imported at run time. */
  offered: { name: string; value: unknown } | undefined;
}

let made: Machine | undefined;

/** Made at run time: what a preloaded module holds cannot be changed. */
export function machine(): Machine {
  made ??= {
    nowMs: 0,
    first: undefined,
    spoke: false,
    waiting: [0, 0, 0],
    sockets: new Map(),
    lookups: new Map(),
    nextId: 0,
    onWifi: undefined,
    offered: undefined,
  };
  return made;
}

/** A number that no open socket or look-up has; they fit in a byte. */
export function freeId(taken: ReadonlyMap<number, unknown>): number {
  const own = machine();
  do own.nextId = (own.nextId + 1) & 0xff;
  while (taken.has(own.nextId));
  return own.nextId;
}

export function call(fn: number, argument = 0, data?: Uint8Array | ArrayBuffer) {
  return host.call(withArgument(fn, argument), data);
}

const NOTHING = Object.freeze(new ArrayBuffer(0));

/** To the world, which may answer: the turn ends with the timer that runs now. */
export function say(fn: number, argument = 0, data: Uint8Array | ArrayBuffer = NOTHING): void {
  machine().spoke = true;
  host.post(withArgument(fn, argument), data);
}

/** To the machine itself. */
export function tell(fn: number, argument = 0, data: Uint8Array | ArrayBuffer = NOTHING): void {
  host.post(withArgument(fn, argument), data);
}

export function insert(timer: TimerHandle): TimerHandle {
  const own = machine();
  let before: TimerHandle | undefined;
  for (let at = own.first; at && at.atMs <= timer.atMs; at = at.next) before = at;
  timer.next = before ? before.next : own.first;
  if (before) before.next = timer;
  else own.first = timer;
  return timer;
}

export function remove(timer: TimerHandle): void {
  const own = machine();
  let before: TimerHandle | undefined;
  for (let at = own.first; at; at = at.next) {
    if (at === timer) {
      if (before) before.next = at.next;
      else own.first = at.next;
      at.next = undefined;
      return;
    }
    before = at;
  }
}

function runTimers(untilMs: number): void {
  const own = machine();
  while (!own.spoke && own.first && own.first.atMs <= untilMs) {
    const timer = own.first;
    own.first = timer.next;
    timer.next = undefined;
    own.nowMs = Math.max(own.nowMs, timer.atMs);
    if (timer.everyMs !== undefined) {
      timer.atMs += timer.everyMs;
      insert(timer);
    }
    timer.run(timer);
  }
  if (!own.spoke) own.nowMs = Math.max(own.nowMs, untilMs);
}

function handle(kind: number, view: DataView): void {
  const own = machine();
  const id = view.byteLength > 8 ? view.getUint32(8, true) : 0;
  const count = view.byteLength > 12 ? view.getUint32(12, true) : 0;
  if (kind === Event.run) runTimers(view.getFloat64(8, true));
  else if (kind === Event.uart) own.waiting[id] = count;
  else if (kind === Event.writable) own.sockets.get(id)?.onWritable?.(count);
  else if (kind === Event.readable) own.sockets.get(id)?.onReadable?.(count);
  else if (kind === Event.closed) own.sockets.get(id)?.onError?.();
  else if (kind === Event.wifi) own.onWifi?.(id === 1);
  else if (kind === Event.census) tellHeld();
  else if (kind === Event.resolved) {
    const done = own.lookups.get(id);
    own.lookups.delete(id);
    const bytes = new Uint8Array(view.buffer, 12);
    done?.(bytes.length > 0 ? String.fromCharCode(...bytes) : undefined);
  }
}

function tellHeld(): void {
  const { first, sockets, lookups } = machine();
  let timers = 0;
  for (let at = first; at; at = at.next) timers++;
  const held = new Uint32Array(3);
  held[0] = timers;
  held[1] = sockets.size;
  held[2] = lookups.size;
  tell(Post.held, 0, held.buffer);
}

/** Takes the driver's events from now on. */
export function listen(): void {
  host.onEvent = (kind, payload) => {
    const own = machine();
    const view = new DataView(payload);
    own.spoke = false;
    own.nowMs = Math.max(own.nowMs, view.getFloat64(0, true));
    handle(kind, view);
    const idle = new DataView(new ArrayBuffer(16));
    idle.setFloat64(0, own.nowMs, true);
    idle.setFloat64(8, own.first ? own.first.atMs : -1, true);
    tell(Post.idle, 0, idle.buffer);
  };
}
