// SPDX-License-Identifier: Apache-2.0
/** What a device says on its serial line: Improv packets, and answers of the console as lines of JSON. */
import type { InputFault } from "./fields.ts";
import { encodePacket, encodeRpcResult, PacketType } from "./improv.ts";
import type { ProvisionPorts } from "./ports.ts";
import { encodeUtf8 } from "./utf8.ts";

/** What an answer begins with, so that a program finds it between lines of log. */
const ANSWER = "wattle: ";
const NEWLINE = 10;

export class SerialOut {
  private readonly serial: ProvisionPorts["serial"];

  constructor(serial: ProvisionPorts["serial"]) {
    this.serial = serial;
  }

  state(state: number): void {
    this.packet(PacketType.currentState, [state]);
  }

  error(error: number): void {
    this.packet(PacketType.errorState, [error]);
  }

  result(command: number, strings: readonly string[]): void {
    this.packet(PacketType.rpcResult, encodeRpcResult(command, strings));
  }

  /** One line of JSON: the command that it answers, whether it was done, and facts. */
  answer(cmd: string, ok: boolean, facts: Record<string, unknown>): void {
    this.line(ANSWER + JSON.stringify({ cmd, ok, ...facts }));
  }

  /** The answer to a command that was not done: every fault with its cause and cure. */
  refuse(cmd: string, errors: readonly InputFault[]): void {
    this.answer(cmd, false, { errors });
  }

  line(text: string): void {
    this.serial.write(encodeUtf8(`${text}\r\n`));
  }

  /** Improv's own client looks for packets at the beginning of a line only. */
  private packet(type: number, data: readonly number[]): void {
    const packet = encodePacket(type, data);
    const bytes = new Uint8Array(packet.length + 2);
    bytes[0] = NEWLINE;
    bytes.set(packet, 1);
    bytes[bytes.length - 1] = NEWLINE;
    this.serial.write(bytes);
  }
}
