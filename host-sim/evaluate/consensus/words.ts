// SPDX-License-Identifier: Apache-2.0
/** Messages of the simulation: opened once, and charged to each that opens them. */
import type { Refusal } from "#core/errors/codes";
import { type OpenPorts, openMessage } from "#gateway/consensus/open";
import type { Message, MessageKind } from "#gateway/consensus/types";
import { CountedCrypto, type Operations } from "../smartchain/costs.ts";

export interface Word {
  kind: MessageKind;
  bytes: Uint8Array;
  /** Id of the sender in hex. */
  from: string;
}

interface Opened {
  message: Message | Refusal;
  operations: Operations;
}

export class Words {
  private readonly ports: OpenPorts;
  private readonly counted: CountedCrypto;
  /** By bytes: votes of others are passed on as they came. */
  private readonly known: WeakMap<Uint8Array, Opened> | undefined;

  /** Without `keep` everybody opens anew, which is what calibration times. */
  constructor(ports: OpenPorts, keep: boolean) {
    this.counted = new CountedCrypto(ports.crypto);
    this.ports = { ...ports, crypto: this.counted };
    this.known = keep ? new WeakMap() : undefined;
  }

  open(word: Word): Opened {
    const { bytes, from, kind } = word;
    const known = this.known?.get(bytes);
    // Certificates do not say themselves whom they are from.
    const signed = kind === "vote" || kind === "proposed" || kind === "status";
    if (known && (signed || ("type" in known.message && known.message.from === from))) return known;
    const { counted } = this;
    counted.hashes = counted.signs = counted.verifies = 0;
    const message = openMessage(this.ports, kind, bytes, from);
    const opened = { message, operations: counted.operations };
    this.known?.set(bytes, opened);
    return opened;
  }
}
