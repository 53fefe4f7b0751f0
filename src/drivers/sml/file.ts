// SPDX-License-Identifier: Apache-2.0
/**
 * The values of an SML file: its messages, each with a checksum of its own, and in SML_GetList.Res the list
 * of registers (SML 1.04: BSI TR-03109-1, annex IV, part b). Messages of other kinds are passed
 * over.
 */
import type { Energy } from "../obis/counter-set.ts";
import { INSTANT_MAX } from "../obis/instantaneous.ts";
import { type Quantity, quantityOf } from "../obis/registers.ts";
import type { DriverFault } from "../types.ts";
import { type SmlCrc, smlCrc } from "./crc.ts";
import { TlReader } from "./tl.ts";
import { isScaler, milliFloor, milliStep, quantityOfUnit } from "./units.ts";

const GET_LIST_RES = 0x0701;
/** 10 TWh: no meter of a building counts that far, and a u64 of mWh holds a thousand times as much. */
const ENERGY_MWH_MAX = 10_000_000_000_000_000n;

/** What one file says: registers, and the rest in thousandths of W, V, A and Hz, by OBIS code. */
export interface SmlValues {
  energies: Map<string, Energy>;
  values: Map<string, number>;
}

export type SmlFile =
  | ({ ok: true } & SmlValues)
  | { ok: false; fault: DriverFault; detail: string };

/** Reads the messages of a file, all or nothing. */
export function readFile(bytes: Uint8Array, crc: SmlCrc): SmlFile {
  return new FileReader(bytes, crc).read();
}

class FileReader {
  private readonly reader: TlReader;
  private readonly crc: SmlCrc;
  private readonly energies = new Map<string, Energy>();
  private readonly values = new Map<string, number>();
  /** The first thing that is wrong with the content of a file that is whole. */
  private problem: string | undefined;

  constructor(bytes: Uint8Array, crc: SmlCrc) {
    this.reader = new TlReader(bytes);
    this.crc = crc;
  }

  read(): SmlFile {
    const { reader, energies, values } = this;
    while (reader.at < reader.bytes.length) {
      const from = reader.at;
      if (!this.message()) return { ok: false, fault: "framing", detail: `no message at ${from}` };
      const computed = smlCrc(this.crc, reader.bytes.subarray(from, reader.at));
      // Some meters (ISKRA MT691) leave out the first byte of a checksum where it is zero.
      const checksum = reader.unsigned();
      if (checksum !== computed)
        return { ok: false, fault: "checksum", detail: `of the message at ${from}` };
      if (reader.next() !== "end")
        return { ok: false, fault: "framing", detail: `a message without end at ${from}` };
    }
    const { problem } = this;
    if (problem !== undefined) return { ok: false, fault: "range", detail: problem };
    return { ok: true, energies, values };
  }

  /** A message up to its checksum: transaction, group, what to do on errors, and the body with its kind. */
  private message(): boolean {
    const { reader } = this;
    if (!reader.list(6) || reader.next() !== "octets") return false;
    if (reader.unsigned() === undefined || reader.unsigned() === undefined) return false;
    if (!reader.list(2)) return false;
    const kind = reader.unsigned();
    if (kind === undefined) return false;
    return kind === GET_LIST_RES ? this.listResponse() : reader.skip(1);
  }

  /** Client, server, list name, sensor time, the values, signature, gateway time. */
  private listResponse(): boolean {
    const { reader } = this;
    if (!reader.list(7) || !reader.skip(4)) return false;
    if (reader.next() !== "list") return false;
    for (let left = reader.length; left > 0; left--) if (!this.entry()) return false;
    return reader.skip(2);
  }

  /** Name, status, time, unit, scaler, value, signature. */
  private entry(): boolean {
    const { reader } = this;
    if (!reader.list(7) || reader.next() !== "octets") return false;
    const code = codeOf(reader.bytes.subarray(reader.from, reader.from + reader.length));
    const quantity = code === undefined ? undefined : quantityOf(code);
    if (code === undefined || quantity === undefined) return reader.skip(6);
    if (!reader.skip(2)) return false;
    const unitType = reader.next();
    if (unitType !== "unsigned" && unitType !== "none") return false;
    const unit = unitType === "none" ? undefined : Number(reader.value());
    const scalerType = reader.next();
    if (scalerType !== "integer" && scalerType !== "none") return false;
    const scaler = scalerType === "none" ? 0n : reader.value();
    const type = reader.next();
    if (type === undefined || type === "list" || type === "end") return false;
    if (type === "integer" || type === "unsigned")
      this.take(code, quantity, { unit, scaler, value: reader.value() });
    else if (type !== "none") this.problem ??= `${code} is no number`;
    return reader.skip(1);
  }

  private take(
    code: string,
    quantity: Quantity,
    { unit, scaler, value }: { unit: number | undefined; scaler: bigint; value: bigint },
  ): void {
    if (this.energies.has(code) || this.values.has(code)) {
      this.problem ??= `${code} comes twice`;
    } else if (unit === undefined || quantityOfUnit(unit) !== quantity || !isScaler(scaler)) {
      this.problem ??= `${code} has unit ${unit} and scaler ${scaler}`;
    } else if (quantity === "energy") {
      const mwh = milliFloor(value, Number(scaler));
      if (mwh < 0n || mwh > ENERGY_MWH_MAX) this.problem ??= `${code} is ${mwh} mWh`;
      else this.energies.set(code, { mwh, stepMwh: milliStep(Number(scaler)) });
    } else {
      const milli = Number(milliFloor(value, Number(scaler)));
      if (Math.abs(milli) > INSTANT_MAX) this.problem ??= `${code} is ${milli} thousandths`;
      else this.values.set(code, milli);
    }
  }
}

/**
 * The code of a name A B C D E F as "1-0:C.D.E"; undefined but for medium 1, channel 0 and present values.
 */
function codeOf(name: Uint8Array): string | undefined {
  if (name.length !== 6 || name[0] !== 1 || name[1] !== 0 || name[5] !== 255) return undefined;
  return `1-0:${name[2]}.${name[3]}.${name[4]}`;
}
