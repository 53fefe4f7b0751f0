// SPDX-License-Identifier: Apache-2.0
/** Stands in for "mc/ffi": the firmware's C functions, by the driver. Only the slow ones leave the machine. */
import { ascii, Call, Post, SlotPost, SystemFact } from "../abi.ts";
import { call, machine, say, tell } from "./machine.ts";

const PIECE_BYTES = 256;

function word(value: number): Uint8Array {
  const data = new Uint8Array(4);
  new DataView(data.buffer).setUint32(0, value, true);
  return data;
}

function fill(target: ArrayBuffer, offset: number, from: ArrayBuffer | undefined): number {
  if (!from) return -1;
  new Uint8Array(target, offset).set(new Uint8Array(from));
  return from.byteLength;
}

function fact(which: number): number {
  return new DataView(call(Call.fact, which)!).getUint32(0, true);
}

export default class FFI {
  wattle_public_key(seed: ArrayBuffer, offset: number, out: ArrayBuffer): number {
    return fill(out, 0, call(Call.publicKey, 0, new Uint8Array(seed, offset, 32))) - 32;
  }
  wattle_sign(
    seed: ArrayBuffer,
    seedOffset: number,
    message: ArrayBuffer,
    offset: number,
    length: number,
    out: ArrayBuffer,
  ): number {
    tell(Post.argument, 0, new Uint8Array(seed, seedOffset, 32));
    return fill(out, 0, call(Call.sign, 0, new Uint8Array(message, offset, length))) - 64;
  }
  wattle_verify(
    signature: ArrayBuffer,
    signatureOffset: number,
    message: ArrayBuffer,
    offset: number,
    length: number,
    key: ArrayBuffer,
    keyOffset: number,
  ): number {
    tell(Post.argument, 0, new Uint8Array(key, keyOffset, 32));
    tell(Post.argument, 0, new Uint8Array(signature, signatureOffset, 64));
    return new Uint8Array(call(Call.verify, 0, new Uint8Array(message, offset, length))!)[0];
  }
  wattle_uptime_ms(): number {
    return machine().nowMs;
  }
  wattle_entropy(buffer: ArrayBuffer, offset: number, length: number): number {
    return fill(buffer, offset, call(Call.entropy, length)) - length;
  }
  wattle_reset_reason(): number {
    return fact(SystemFact.resetReason);
  }
  wattle_restart(): void {
    say(Post.restart);
  }
  wattle_heap_free(): number {
    return 150_000;
  }
  wattle_heap_least(): number {
    return 120_000;
  }
  wattle_watchdog_start(timeoutMs: number): number {
    tell(Post.watchdogStart, timeoutMs);
    return 0;
  }
  wattle_watchdog_feed(): void {
    tell(Post.watchdogFeed);
  }
  wattle_wifi_awake(): number {
    return 0;
  }
  wattle_print(line: string): void {
    tell(Post.print, 0, ascii(line));
  }
  wattle_slot_running(): number {
    return fact(SystemFact.slotRunning);
  }
  wattle_slot_state(): number {
    return fact(SystemFact.slotState);
  }
  wattle_slot_size(): number {
    return fact(SystemFact.slotBytes);
  }
  wattle_slot_erase(offset: number, _length: number): number {
    tell(Post.slot, SlotPost.erase, word(offset));
    return 0;
  }
  wattle_slot_write(at: number, bytes: ArrayBuffer, offset: number, length: number): number {
    tell(Post.argument, 0, new Uint8Array(bytes, offset, length));
    tell(Post.slot, SlotPost.write, word(at));
    return 0;
  }
  wattle_slot_read(at: number, bytes: ArrayBuffer, length: number): number {
    // In pieces: the C function fills the buffer, and makes none.
    for (let done = 0; done < length; done += PIECE_BYTES) {
      const piece = Math.min(PIECE_BYTES, length - done);
      fill(bytes, done, call(Call.slotRead, piece, word(at + done)));
    }
    return 0;
  }
  wattle_slot_activate(): number {
    tell(Post.slot, SlotPost.activate);
    return 0;
  }
  wattle_slot_confirm(): number {
    tell(Post.slot, SlotPost.confirm);
    return 0;
  }
  wattle_slot_roll_back(): number {
    tell(Post.slot, SlotPost.rollback);
    return 0;
  }
  wattle_witness_size(): number {
    return fact(SystemFact.witnessBytes);
  }
  wattle_witness_read(at: number, bytes: ArrayBuffer, length: number): number {
    for (let done = 0; done < length; done += PIECE_BYTES) {
      const piece = Math.min(PIECE_BYTES, length - done);
      fill(bytes, done, call(Call.witnessRead, piece, word(at + done)));
    }
    return 0;
  }
  wattle_witness_write(at: number, bytes: ArrayBuffer, offset: number, length: number): number {
    tell(Post.argument, 0, new Uint8Array(bytes, offset, length));
    tell(Post.witnessWrite, 0, word(at));
    return 0;
  }
  wattle_witness_erase(sector: number): number {
    tell(Post.witnessErase, sector);
    return 0;
  }
  wattle_uart_open(port: number): number {
    machine().waiting[port] = 0;
    tell(Post.uartOpen, port);
    return 0;
  }
  wattle_uart_waiting(port: number): number {
    return machine().waiting[port];
  }
  wattle_uart_read(port: number, buffer: ArrayBuffer, length: number): number {
    const got = fill(buffer, 0, call(Call.uartRead, port + 16 * length));
    machine().waiting[port] -= Math.max(0, got);
    return got;
  }
  wattle_uart_write(port: number, bytes: ArrayBuffer, offset: number, length: number): number {
    const part = new Uint8Array(bytes, offset, length);
    // Nobody answers to the log.
    if (port === 0) tell(Post.uartWrite, port, part);
    else say(Post.uartWrite, port, part);
    return 0;
  }
  wattle_uart_close(port: number): void {
    tell(Post.uartClose, port);
  }
}
