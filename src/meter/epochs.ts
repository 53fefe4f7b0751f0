// SPDX-License-Identifier: Apache-2.0
/** The epochs of proof-of-time that a node knows: the one in force, and the one before (ledger 4.4). */
import { verifySigned } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import { Committees } from "#core/pot/committee";
import { openEpoch } from "#core/pot/members";
import { checkEpochForm } from "#core/pot/params";
import type { Epoch } from "#core/records/epoch";
import { isNothing } from "#core/topics";

/** An epoch, and the committees that its beacon draws. */
export interface KnownEpoch {
  /** Without its members, which the committees have. */
  epoch: Omit<Epoch, "members">;
  committees: Committees;
}

export class Epochs {
  private readonly crypto: Crypto;
  private readonly net: string;
  private readonly gatewayKey: Uint8Array;
  private latest: KnownEpoch | undefined;
  private before: KnownEpoch | undefined;

  constructor(crypto: Crypto, net: string, gatewayKey: Uint8Array) {
    this.crypto = crypto;
    this.net = net;
    this.gatewayKey = gatewayKey;
  }

  /** The gateway's word on the epoch; false where it is not the gateway's. An earlier one changes nothing. */
  follow(payload: Uint8Array): boolean {
    if (isNothing(payload)) return true;
    const opened = openEpoch(this.crypto, payload);
    if (!opened.ok || opened.fields.net !== this.net) return false;
    if (!verifySigned(this.crypto, this.gatewayKey, opened)) return false;
    if (!checkEpochForm(opened).ok) return false;
    const { latest } = this;
    const epoch = opened.fields;
    if (latest && epoch.epoch <= latest.epoch.epoch) return true;
    this.before = latest;
    this.latest = { epoch, committees: new Committees(this.crypto, opened) };
    return true;
  }

  /** The epoch in force. */
  get current(): KnownEpoch | undefined {
    return this.latest;
  }

  /** Of the epoch in force, and of the one before it. */
  get committees(): Committees[] {
    const { latest, before } = this;
    if (!latest) return [];
    return before ? [latest.committees, before.committees] : [latest.committees];
  }

  /** The epoch of this number, if it is the latest that was heard or the one before it. */
  of(number: number): KnownEpoch | undefined {
    if (this.latest?.epoch.epoch === number) return this.latest;
    return this.before?.epoch.epoch === number ? this.before : undefined;
  }
}
