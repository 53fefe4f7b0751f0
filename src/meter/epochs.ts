// SPDX-License-Identifier: Apache-2.0
/** The epochs of proof-of-time that a node knows: the one in force, and the one before (ledger 4.4). */
import { verifySigned } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import type { Code } from "#core/errors/codes";
import { beaconHolds } from "#core/pot/beacon";
import { Committees } from "#core/pot/committee";
import { type NamedEpoch, nameEpoch } from "#core/pot/epoch-digest";
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

/** Who finds out whether an epoch is the consortium's. */
interface EpochJudge {
  onEpoch(named: NamedEpoch): void;
}

export class Epochs {
  private readonly crypto: Crypto;
  private readonly net: string;
  private readonly gatewayKey: Uint8Array;
  private latest: KnownEpoch | undefined;
  private before: KnownEpoch | undefined;
  private readonly judge: EpochJudge | undefined;

  /** `judge` hears of each epoch that is followed. */
  constructor(crypto: Crypto, net: string, gatewayKey: Uint8Array, judge?: EpochJudge) {
    this.crypto = crypto;
    this.net = net;
    this.gatewayKey = gatewayKey;
    this.judge = judge;
  }

  /**
   * The gateway's word on the epoch. An earlier one changes nothing. Returns why it does not count; the epoch that
   * was in force then stays.
   */
  follow(payload: Uint8Array): Code | undefined {
    if (isNothing(payload)) return undefined;
    const { crypto, gatewayKey, latest } = this;
    const opened = openEpoch(crypto, payload);
    if (!opened.ok || opened.fields.net !== this.net) return "GATEWAY_SIGNATURE";
    if (!verifySigned(crypto, gatewayKey, opened)) return "GATEWAY_SIGNATURE";
    const epoch = opened.fields;
    if (latest && epoch.epoch <= latest.epoch.epoch) return undefined;
    // Its committees are the beacon's and nobody's choice.
    if (!checkEpochForm(opened).ok || !beaconHolds(crypto, gatewayKey, epoch))
      return "GATEWAY_EPOCH";
    this.before = latest;
    this.latest = { epoch, committees: new Committees(crypto, opened) };
    if (this.judge) this.judge.onEpoch(nameEpoch(crypto, opened));
    return undefined;
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
