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

export interface Opened {
  message: Message | Refusal;
  operations: Operations;
}

export class Words {
  private readonly ports: OpenPorts;
  private readonly counted: CountedCrypto;
  private readonly known: WeakMap<Word, Opened> | undefined;

  /** Without `keep` everybody opens anew, which is what calibration times. */
  constructor(ports: OpenPorts, keep: boolean) {
    this.counted = new CountedCrypto(ports.crypto);
    this.ports = { ...ports, crypto: this.counted };
    this.known = keep ? new WeakMap() : undefined;
  }

  open(word: Word): Opened {
    const known = this.known?.get(word);
    if (known) return known;
    const { counted } = this;
    counted.hashes = counted.signs = counted.verifies = 0;
    const message = openMessage(this.ports, word.kind, word.bytes, word.from);
    const opened = { message, operations: counted.operations };
    this.known?.set(word, opened);
    return opened;
  }
}
