// SPDX-License-Identifier: Apache-2.0
/**
 * Improv Wi-Fi over a serial line (https://www.improv-wifi.com/serial/), the client's side: takes what a device
 * sends apart into packets and lines of text, and makes commands. The device's side is in another layer, and
 * the tests let the two check each other.
 */

/** Packets that a device sends. */
export const FromDevice = Object.freeze({ state: 1, error: 2, result: 4 });
const RPC_PACKET = 3;

export const Rpc = Object.freeze({ wifi: 1, state: 2, info: 3, scan: 4 });
export const State = Object.freeze({ authorized: 2, provisioning: 3, provisioned: 4 });

/** What the numbers of an error packet mean. */
export const ERRORS: Readonly<Record<number, string>> = Object.freeze({
  1: "it did not understand the command",
  2: "it does not know the command",
  3: "it cannot join this network: check name, passphrase and distance",
  255: "it is busy, or something is wrong with it",
});

const HEADER = Buffer.from("IMPROV\x01", "latin1");
/** Header, type and length. */
const HEAD_BYTES = HEADER.length + 2;
/** A line that goes on longer than this is not text; what is held of it is dropped. */
const LINE_BYTES_MAX = 16 * 1024;

/** An RPC packet; the newline ends whatever line of text the device took it for. */
export function encodeRpc(command: number, strings: readonly string[] = []): Buffer {
  const body = Buffer.concat(
    strings.map((text) => {
      const bytes = Buffer.from(text);
      return Buffer.concat([Buffer.of(bytes.length), bytes]);
    }),
  );
  if (body.length > 253) throw new RangeError("longer than an Improv packet");
  const data = Buffer.concat([Buffer.of(command, body.length), body]);
  const head = Buffer.concat([HEADER, Buffer.of(RPC_PACKET, data.length), data]);
  return Buffer.concat([head, Buffer.of(sum(head)), Buffer.from("\n")]);
}

function sum(bytes: Uint8Array): number {
  return bytes.reduce((total, byte) => (total + byte) & 0xff, 0);
}

/** The command that a result answers, and its strings; undefined where the lengths do not fit. */
export function decodeResult(data: Buffer): { command: number; strings: string[] } | undefined {
  if (data.length < 2 || data[1] !== data.length - 2) return undefined;
  const strings: string[] = [];
  for (let i = 2; i < data.length; ) {
    const end = i + 1 + data[i];
    if (end > data.length) return undefined;
    strings.push(data.toString("utf8", i + 1, end));
    i = end;
  }
  return { command: data[0], strings };
}

/** Takes a device's stream apart. */
export class ImprovStream {
  onPacket: (type: number, data: Buffer) => void = () => {};
  /** A line of text without its end. */
  onLine: (line: string) => void = () => {};
  private held = Buffer.alloc(0);
  private line = Buffer.alloc(0);

  push(bytes: Buffer): void {
    this.held = Buffer.concat([this.held, bytes]);
    for (;;) {
      const at = this.held.indexOf(HEADER);
      if (at < 0) return this.takeText(this.held.length - this.maybeHeader());
      this.takeText(at);
      if (this.held.length < HEAD_BYTES) return;
      const end = HEAD_BYTES + this.held[HEAD_BYTES - 1];
      if (this.held.length <= end) return;
      // A broken packet is no text either, but the next one may begin inside it.
      const whole = this.held[end] === sum(this.held.subarray(0, end));
      const packet = this.held.subarray(0, end);
      this.held = this.held.subarray(whole ? end + 1 : 1);
      if (whole) this.onPacket(packet[HEADER.length], Buffer.from(packet.subarray(HEAD_BYTES)));
    }
  }

  /** How many bytes at the end may be the beginning of a header. */
  private maybeHeader(): number {
    for (let count = Math.min(HEADER.length - 1, this.held.length); count > 0; count--)
      if (this.held.subarray(-count).equals(HEADER.subarray(0, count))) return count;
    return 0;
  }

  private takeText(count: number): void {
    this.line = Buffer.concat([this.line, this.held.subarray(0, count)]);
    this.held = this.held.subarray(count);
    for (let end = this.line.indexOf(10); end >= 0; end = this.line.indexOf(10)) {
      const text = this.line.toString("utf8", 0, end).replace(/\r$/, "");
      this.line = this.line.subarray(end + 1);
      if (text !== "") this.onLine(text);
    }
    if (this.line.length > LINE_BYTES_MAX) this.line = Buffer.alloc(0);
  }
}
