// SPDX-License-Identifier: Apache-2.0
/** Opens each message once for all hosts: what differs between them is only what they make of it. */
import type { Refusal } from "#core/errors/codes";
import { Phase } from "#core/records/consensus";
import { openMessage } from "#gateway/consensus/open";
import type { Message, MessageKind } from "#gateway/consensus/types";
import type { WordKind } from "../network.ts";
import { NET, type SimWorld } from "./world.ts";

export interface Word {
  kind: MessageKind;
  bytes: Uint8Array;
}

export class Words {
  private readonly world: SimWorld;
  private readonly opened = new WeakMap<Uint8Array, Map<number, Message | Refusal>>();

  constructor(world: SimWorld) {
    this.world = world;
  }

  open({ kind, bytes }: Word, sender: number): Message | Refusal {
    let bySender = this.opened.get(bytes);
    if (!bySender) this.opened.set(bytes, (bySender = new Map()));
    // Only certificates do not say themselves whom they are from.
    const label = kind === "quorum" || kind === "decision" || kind === "polka" ? sender : -1;
    let message = bySender.get(label);
    if (!message) {
      const { world } = this;
      const keysOf = (idHex: string): Uint8Array[] => world.keysOf(idHex);
      const ports = { net: NET, crypto: world.crypto, keysOf };
      message = openMessage(ports, kind, bytes, world.idsHex[sender]);
      bySender.set(label, message);
    }
    return message;
  }

  kindOf(word: Word, sender: number): WordKind {
    if (word.kind !== "vote") return word.kind;
    const message = this.open(word, sender);
    const prevote =
      "type" in message && message.type === "vote" && message.vote.phase === Phase.prevote;
    return prevote ? "prevote" : "precommit";
  }
}
