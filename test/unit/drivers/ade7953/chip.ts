// SPDX-License-Identifier: Apache-2.0
/**
 * An ADE7953 as its data sheet describes it: registers of four widths, energy that is cleared by being read, a
 * record of the last successful communication. Pure, so that it runs on XS, too.
 */
import type { I2cTarget } from "../../../helpers/driver-i2c.ts";

/** Reset values that are not 0; registers of 24 bits by their address at 0x2xx. */
const RESET_VALUES: readonly [number, number][] = [
  [0x004, 0x40],
  [0x102, 0x8004],
  [0x280, 0x400000],
  [0x281, 0x400000],
  [0x282, 0x400000],
  [0x28c, 0x400000],
  [0x28e, 0x400000],
];
const ENERGY: Record<number, "A" | "B"> = { 542: "A", 543: "B" };
const READ_ONLY = [0x0fd, 0x10e, 0x1fe, 0x212, 0x213, 0x21a, 0x21b, 0x21c, 0x21e, 0x21f];

export class SimulatedAde7953 implements I2cTarget {
  readonly registers = new Map<number, number>();
  /** A read that the master breaks off clears the register, without a record of it. */
  clearsWithoutRecord = false;
  /** Ignores writes to this register. */
  stuck: number | undefined;
  onCleared: ((input: "A" | "B", counts: number) => void) | undefined;
  private pointer = 0;
  private unlocked = false;
  private last = { address: 0, width: 1, value: 0 };

  constructor() {
    this.restart();
  }

  /** Power comes back, or the reset bit was written. */
  restart(): void {
    this.registers.clear();
    for (const [address, value] of RESET_VALUES) this.registers.set(address, value);
    this.last = { address: 0, width: 1, value: 0 };
    this.unlocked = false;
    this.pointer = 0;
  }

  get(address: number): number {
    return this.registers.get(canonical(address)) ?? 0;
  }

  set(address: number, value: number): void {
    this.registers.set(canonical(address), value & 0xffffff);
  }

  /** Counts into an energy register, which wraps as 24 bits do. */
  count(input: "A" | "B", counts: number): void {
    const address = input === "A" ? 0x21e : 0x21f;
    this.set(address, this.get(address) + counts);
  }

  write(bytes: Uint8Array): void {
    const address = (bytes[0] << 8) | bytes[1];
    this.pointer = address;
    const width = (address >> 8) + 1;
    if (bytes.length !== 2 + width || width > 4) return;
    let value = 0;
    for (let i = 2; i < bytes.length; i++) value = value * 256 + bytes[i];
    const unlocked = this.unlocked;
    this.unlocked = address === 0x0fe && value === 0xad;
    if (address === 0x102 && (value & 0x80) !== 0) return this.restart();
    this.last = { address, width, value };
    if (READ_ONLY.includes(canonical(address)) || canonical(address) === this.stuck) return;
    if (address === 0x120 && !unlocked) return;
    this.set(address, value);
  }

  read(count: number): Uint8Array {
    const width = (this.pointer >> 8) + 1;
    if (count !== width) return new Uint8Array(count).fill(0xff);
    const value = this.look(this.pointer, width);
    const bytes = new Uint8Array(width);
    for (let i = 0; i < width; i++) bytes[i] = Math.floor(value / 256 ** (width - 1 - i));
    return bytes;
  }

  /** The master goes away in the middle of a read. */
  breakOff(): void {
    if (this.clearsWithoutRecord) this.clear(canonical(this.pointer));
  }

  private look(address: number, width: number): number {
    if (address === 0x1fe) return this.last.address;
    if ((address & 0xff) === 0xff && address <= 0x3ff) return this.last.value;
    const low = this.get(address);
    const value = width === 4 && low >= 0x800000 ? low + 0xff000000 : low;
    this.last = { address, width, value };
    this.clear(canonical(address));
    return value;
  }

  private clear(address: number): void {
    const input = ENERGY[address];
    if (input === undefined) return;
    const low = this.get(address);
    this.registers.set(address, 0);
    this.onCleared?.(input, low >= 0x800000 ? low - 0x1000000 : low);
  }
}

/** Registers of 32 bits are those of 24 bits. */
function canonical(address: number): number {
  return address >= 0x300 && address < 0x400 ? address - 0x100 : address;
}
