// SPDX-License-Identifier: Apache-2.0
/**
 * Transfers to the ADE7953 that are known to have happened. I2C carries no checksum, and a read of an energy
 * register clears it, so each transfer is looked up in the chip's own record of its last one (registers.ts:
 * LAST_ADDRESS): which register it was, and what was in it. An answer that was lost or damaged is recovered
 * from there, also when the bus comes back only later; a transfer that went to another register is seen.
 */
import { assert } from "#core/errors/assert";
import type { DriverFault, I2cConstruction, I2cIo } from "../types.ts";
import { decode, encodeAddress, encodeWrite, signed24 } from "./frame.ts";
import {
  ADDRESS_MAX,
  type ChipRegister,
  COUNTS_PER_S_MAX,
  energyAt,
  I2C_ADDRESS,
  I2C_HZ,
  LAST_ADDRESS,
  lastDataOf,
  widthOf,
} from "./registers.ts";

export type Outcome =
  | { kind: "value"; value: number }
  | { kind: "fault"; fault: DriverFault; detail: string };

/** What happens to the energy registers, whatever transfer did it. */
export interface EnergyEvents {
  /** A register was cleared, and this was in it. */
  onEnergy(input: "A" | "B", counts: number): void;
  /** One may have been cleared, and nobody knows what was in it. */
  onLost(detail: string): void;
}

/** A transfer that the chip may have carried out, and whose record was not read yet. */
interface Begun {
  register: ChipRegister;
  /** As it came over the bus, if it did. */
  data?: number;
}

/** The chip did not answer, or not twice alike. What else is thrown is a bug, and is not caught. */
class BusError extends Error {
  override get name(): string {
    return "BusError";
  }
}

/** What can come in the 20 ms that a transfer and its record take at the most. */
const SOON_COUNTS = Math.ceil(COUNTS_PER_S_MAX / 50);

/** Times that one of the chip's records is read until two readings agree. */
const READINGS_MAX = 4;

export class ChipBus {
  private readonly io: I2cIo;
  private readonly events: EnergyEvents;
  private begun: Begun | undefined;
  /** The record is of a read of this energy register, and what was in it has been told. */
  private told: number | undefined;
  /** A transfer was found in the record since the chip began anew. */
  private known = false;
  private closed = false;

  constructor(sensor: I2cConstruction, events: EnergyEvents) {
    this.events = events;
    const { io: Io, ...pins } = sensor;
    this.io = new Io({ ...pins, address: I2C_ADDRESS, hz: I2C_HZ });
  }

  /** Idempotent. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.io.close();
  }

  /** The unsigned value of `register`. An energy register is not read twice in a row: the record would not tell. */
  read(register: ChipRegister): Outcome {
    if (energyAt(register.address) !== undefined) {
      const clear = !this.begun && this.known && this.told !== register.address;
      assert(clear, "ADE7953_RECORD", register.name);
    }
    return this.transfer(register, () => {
      this.send(encodeAddress(register.address), false);
      const begun: Begun = { register };
      this.begun = begun;
      begun.data = this.take(widthOf(register.address));
    });
  }

  /** Writes, and makes sure that it was this register and this value. */
  write(register: ChipRegister, value: number, before?: () => void): Outcome {
    const outcome = this.transfer(register, () => {
      before?.();
      this.begun = { register, data: value };
      this.send(encodeWrite(register.address, value), true);
    });
    if (outcome.kind === "fault" || outcome.value === value) return outcome;
    return fault("bus", `${register.name} took 0x${outcome.value.toString(16)}`);
  }

  /** Writes without a look at the record: what follows must come at once, or the record goes with it. */
  writeBlind({ name, address }: ChipRegister, value: number): Outcome {
    const error = attempt(() => this.send(encodeWrite(address, value), true));
    if (error instanceof BusError) return fault("bus", `${name}: ${error.message}`);
    return { kind: "value", value };
  }

  /** The chip begins anew, and its record with it. */
  forget(): void {
    this.begun = undefined;
    this.told = undefined;
    this.known = false;
  }

  private transfer(register: ChipRegister, run: () => void): Outcome {
    const before = this.begun;
    const stuck = before && attempt(() => this.settle(before));
    if (stuck instanceof BusError) return fault("bus", `${register.name}: ${stuck.message}`);
    if (this.closed) return fault("bus", "closed");
    const failed = attempt(run);
    const error = failed instanceof BusError ? failed : undefined;
    const { begun } = this;
    const outcome = begun ? attempt(() => this.settle(begun, error)) : error;
    assert(outcome !== undefined, "ADE7953_TRANSFER", register.name);
    if (!(outcome instanceof BusError)) return outcome;
    return fault("bus", `${register.name}: ${(error ?? outcome).message}`);
  }

  /** Finds out what became of a transfer; throws where the chip does not answer, and can be tried again. */
  private settle(begun: Begun, error?: BusError): Outcome {
    const { register } = begun;
    const { address, value, overwritten } = this.record(begun);
    this.begun = undefined;
    const meant = address === register.address;
    const input = energyAt(address);
    const news = input !== undefined && address !== this.told;
    if (news) {
      this.told = address;
      const counts = signed24(value, widthOf(address));
      if (counts === undefined) this.events.onLost(`energy ${input}: 0x${value.toString(16)}`);
      else this.events.onEnergy(input, counts);
      // Either the answer was damaged, or the register was read once more, and soon.
      const other = meant && begun.data !== undefined && begun.data !== value;
      if (other && counts !== undefined && Math.abs(counts) <= SOON_COUNTS)
        this.events.onLost(
          `energy ${input}: ${counts} counts, but 0x${begun.data?.toString(16)} came`,
        );
    } else if (meant) {
      this.told = undefined;
      this.known = true;
    }
    // A read that was cut off may have cleared the register, and a second one of the same leaves no trace.
    const missed = !meant && energyAt(register.address) !== undefined;
    if (overwritten || missed || (!meant && input !== undefined && !news))
      this.events.onLost(`a read of ${register.name} failed`);
    if (meant) return { kind: "value", value };
    const detail = error?.message ?? `the chip was asked for 0x${address.toString(16)}`;
    return fault("bus", `${register.name}: ${detail}`);
  }

  /**
   * The chip's record, with its data where they matter. The reading may itself go to another register and
   * overwrite the record; so the address must be the same before and behind the data.
   */
  private record({ register, data }: Begun): {
    address: number;
    value: number;
    overwritten: boolean;
  } {
    let overwritten = false;
    for (let i = 0; i < READINGS_MAX; i++) {
      const address = this.look(LAST_ADDRESS);
      if (address > ADDRESS_MAX) continue;
      const meant = address === register.address;
      const news = energyAt(address) !== undefined && address !== this.told;
      const first = meant ? data : undefined;
      const value = meant || news ? this.agreed(lastDataOf(widthOf(address)), first) : 0;
      if (this.look(LAST_ADDRESS) === address) return { address, value, overwritten };
      overwritten ||= news && !meant;
    }
    throw new BusError("the record reads differently each time");
  }

  /**
   * The register at `address` as two readings have it, `first` being one of them if given; three where it is
   * all zeros or all ones, as a bus or another register reads that has nothing to say.
   */
  private agreed(address: number, first: number | undefined): number {
    const readings: number[] = first === undefined ? [] : [first];
    for (let i = 0; i < READINGS_MAX; i++) {
      const reading = this.look(address);
      readings.push(reading);
      const same = readings.filter((other) => other === reading).length;
      const blank = reading === 0 || reading === 256 ** widthOf(address) - 1;
      if (same >= (blank ? 3 : 2)) return reading;
    }
    throw new BusError(`0x${address.toString(16)} reads differently each time`);
  }

  private look(address: number): number {
    this.send(encodeAddress(address), false);
    return this.take(widthOf(address));
  }

  private send(bytes: Uint8Array, stop: boolean): void {
    try {
      this.io.write(bytes, stop);
    } catch (error) {
      throw new BusError(String(error));
    }
  }

  private take(width: number): number {
    let bytes: Uint8Array;
    try {
      bytes = new Uint8Array(this.io.read(width));
    } catch (error) {
      throw new BusError(String(error));
    }
    if (bytes.length !== width) throw new BusError(`${bytes.length} bytes, not ${width}`);
    return decode(bytes);
  }
}

/** What `run` gives, or the bus error that it ends with. */
function attempt<T>(run: () => T): T | BusError {
  try {
    return run();
  } catch (error) {
    if (error instanceof BusError) return error;
    throw error;
  }
}

function fault(kind: DriverFault, detail: string): Outcome {
  return { kind: "fault", fault: kind, detail };
}
