// SPDX-License-Identifier: Apache-2.0
/**
 * What the device application on XS and its driver say to each other: one file for both sides. A number has
 * the function in its low byte and one small argument (a port, a socket, a count) above it, so that most
 * calls need no payload: on the chip they are C functions, which take no memory of the machine either.
 * Integers and floats are little-endian.
 */

/** Calls: the device waits for the answer. */
export const Call = Object.freeze({
  /** Of the message given; the arguments before it come as posts. */
  publicKey: 1,
  sign: 2,
  /** → 1 byte, 0 or 1. */
  verify: 3,
  /** The digest of what was written since `digestNew`. */
  digest: 4,
  /** argument: how many → random bytes. */
  entropy: 5,
  /** key → value, or nothing. */
  get: 6,
  /** → keys, each with a line feed behind it. */
  keys: 7,
  /** → u32 of the facts that hold for a start: SystemFact. argument: which. */
  fact: 8,
  /** argument: port in its low 4 bits, most bytes above → what was received. */
  uartRead: 9,
  /** argument: socket in its low 8 bits, how many bytes above. */
  socketRead: 10,
  /** argument: socket → the oldest packet: u32 port, u8 length of the address, address, bytes. */
  packet: 11,
  /** argument: length; u32 offset. */
  slotRead: 12,
  /** Value of the key that came as an argument. A call, since a power cut may end it. */
  set: 13,
  /** key. */
  remove: 14,
  /** argument: ConfigText → text, or nothing. */
  config: 15,
  /** argument: length; u32 offset in the flash of the witness log. */
  witnessRead: 16,
});

/** Posts: one way. */
export const Post = Object.freeze({
  /** An argument of the call that follows. */
  argument: 32,
  /** argument: 256 or 512. */
  digestNew: 33,
  digestWrite: 34,
  /** A line of the log for the terminal. */
  print: 35,
  /** The turn is over: f64 uptime reached, f64 uptime of the next timer or −1. */
  idle: 36,
  /** argument: port. What is written to port 0 is the console. */
  uartOpen: 37,
  uartWrite: 38,
  uartClose: 39,
  /** argument: socket; u32 port, address. */
  socketOpen: 40,
  /** argument: socket. */
  socketWrite: 41,
  socketClose: 42,
  udpOpen: 43,
  /** argument: socket; u32 port, u8 length of the address, address, packet. */
  udpWrite: 44,
  /** argument: look-up; name. */
  resolve: 45,
  /** SSID; argument 1: connect, 0: disconnect. */
  wifi: 46,
  restart: 47,
  watchdogStart: 48,
  watchdogFeed: 49,
  /** argument: SlotPost; u32 offset. What is written came as an argument. */
  slot: 50,
  /** u32 timers, u32 sockets, u32 look-ups: what is open. */
  held: 51,
  /** u32 offset in the flash of the witness log. What is written came as an argument. */
  witnessWrite: 52,
  /** argument: sector. */
  witnessErase: 53,
});

/** Events: from the driver to the device. Each begins with f64 uptime. */
export const Event = Object.freeze({
  /** f64 until: runs the timers that fall due. */
  run: 1,
  /** u32 port, u32 bytes that wait there. */
  uart: 2,
  /** u32 socket, u32 bytes: as many can be written. The first one says that it is connected. */
  writable: 3,
  /** u32 socket, u32 bytes: as many can be read. */
  readable: 4,
  /** u32 socket. */
  closed: 5,
  /** u32 look-up, address; none where the name has none. */
  resolved: 6,
  /** u32 1: has an address. */
  wifi: 7,
  /** Asks for Post.held. */
  census: 8,
});

/** What the manifest's `config` says. */
export const ConfigText = Object.freeze({ version: 0, releaseKey: 1 });

export const SystemFact = Object.freeze({
  resetReason: 0,
  slotRunning: 1,
  slotState: 2,
  slotBytes: 3,
  witnessBytes: 4,
});

/** What a post about the idle firmware slot is. */
export const SlotPost = Object.freeze({ erase: 0, write: 1, activate: 2, confirm: 3, rollback: 4 });

/** The function of a number, and its argument. */
export function functionOf(number: number): [fn: number, argument: number] {
  return [number & 0xff, number >>> 8];
}

export function withArgument(fn: number, argument: number): number {
  return fn + argument * 256;
}

/** ASCII: keys, addresses, names and lines of the log are nothing else. */
export function ascii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i) & 0x7f;
  return bytes;
}
