// SPDX-License-Identifier: Apache-2.0
/**
 * The running gateway's side of `wattle consortium`: it takes the operator's wish from a folder, as other
 * commands leave their files for it, and writes there how the consortium stands.
 */
import { rmSync } from "node:fs";
import { toHex } from "#core/codec/bytes";
import type { Crypto } from "#core/crypto/port";
import { nodeIdOf } from "#core/identity";
import type { Change } from "#core/records/registry";
import type { Partner } from "#gateway/consortium/ports";
import type { Seat } from "#gateway/consortium/seat";
import type { Gateway } from "#gateway/gateway";
import type { GatewayLog } from "#gateway/ports";
import type { Addresses } from "../config/addresses.ts";
import {
  changeOf,
  entrantFault,
  readJson,
  readWish,
  statusPath,
  textOf,
  WISH_FAULTS,
  type WishFile,
  wishName,
  wishPath,
  writeJson,
} from "./wish.ts";

export interface DeskOptions {
  folder: string;
  net: string;
  crypto: Crypto;
  gateway: Gateway;
  addresses: Addresses;
  /** Where this gateway itself is, as the configuration says. */
  own: { area: string; url?: string };
  /** Areas of the gateways that are silent. */
  silent(): readonly string[];
  /** Whether somebody can have this key; default: `isPublicKey`. */
  isKey?(publicKey: Uint8Array): boolean;
  log: GatewayLog;
}

/** What became of the operator's wish. */
export interface OwnWish {
  askedMs: number;
  name: string;
  /** It waits for this gateway; it is said; the change took effect; it cannot be. */
  state: "waits" | "said" | "done" | "refused";
  cause?: string;
  cure?: string;
}

export interface GatewayText {
  id: string;
  publicKey: string;
  beaconKey: string;
  area: string | null;
  url: string | null;
}

export interface OpenWish extends Omit<WishFile, "askedMs"> {
  name: string;
  /** Ids of the gateways that are for it, and how many more are needed. */
  by: string[];
  missing: number;
}

/** How the consortium stands, as one gateway sees it; in status.json, and on `monitor/consortium`. */
export interface ConsortiumStatus {
  pid: number;
  id: string;
  /** Number of the last change. */
  change: number;
  member: boolean;
  halted: string | null;
  quorum: number;
  gateways: GatewayText[];
  silent: readonly string[];
  open: OpenWish[];
  wish: OwnWish | null;
}

export class Desk {
  private readonly options: DeskOptions;
  private wish: OwnWish | undefined;
  /** The wish that was put into the feed since the start. */
  private fed: string | undefined;
  private written = "";

  constructor(options: DeskOptions) {
    this.options = options;
    const before = readJson(statusPath(options.folder));
    if ("json" in before) this.wish = (before.json as Partial<ConsortiumStatus>).wish ?? undefined;
  }

  /**
   * Takes the wish that is there, and says how things stand where that has changed.
   * @throws what goes wrong in the gateway: it cannot go on then
   */
  look(): void {
    const { seat } = this.options.gateway;
    if (!seat) return;
    this.take(seat);
    const status = this.status(seat);
    const text = JSON.stringify(status);
    if (text === this.written) return;
    this.files(() => {
      writeJson(statusPath(this.options.folder), status);
      this.written = text;
    });
  }

  /** A full disk, or a folder of somebody else's, stops no gateway; what fails in the gateway itself does. */
  private files<T>(act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      this.options.log("warn", "consortium-folder", { cause: (error as Error).message });
      return undefined;
    }
  }

  /** Where the gateways are, and who is for what. */
  status(seat: Seat): ConsortiumStatus {
    const { gateway, silent } = this.options;
    const { replica } = seat;
    const { partners } = replica;
    return {
      pid: process.pid,
      id: gateway.area.id,
      change: partners.version,
      member: partners.has(gateway.area.id),
      halted: replica.halted ?? null,
      quorum: partners.set.quorum,
      gateways: partners.list.map((one) => this.textOf(one)),
      silent: silent(),
      open: partners.open.map(({ change, by }) => ({
        name: wishName(this.options.crypto, change),
        ...textOf(change),
        by: [...by.keys()],
        missing: partners.set.quorum - by.size,
      })),
      wish: this.wish ?? null,
    };
  }

  private textOf(partner: Partner): GatewayText {
    const { gateway, addresses, own } = this.options;
    const id = toHex(partner.id);
    const place = id === gateway.area.id ? { ...own, ...placeOf(partner) } : addresses.of(partner);
    return {
      id,
      publicKey: toHex(partner.publicKey),
      beaconKey: toHex(partner.beaconKey),
      area: place?.area ?? null,
      // A password in it is this operator's own.
      url: place?.url?.replace(/\/\/[^/@]*@/, "//") ?? null,
    };
  }

  private take(seat: Seat): void {
    const { folder, net, crypto, gateway } = this.options;
    const asked = this.files(() => readWish(folder));
    if (!asked) return;
    if ("fault" in asked) return this.refuse(0, "", asked.fault, "ask with wattle consortium");
    const change = changeOf(net, asked);
    const name = wishName(crypto, change);
    const { askedMs } = asked;
    const { partners } = seat.replica;
    if (partners.version >= change.number) {
      if (tookEffect(crypto, change, partners)) return this.end({ askedMs, name, state: "done" });
      const cause = `change ${change.number} was another one`;
      return this.refuse(askedMs, name, cause, WISH_FAULTS.number.cure);
    }
    const open = partners.open.find((one) => wishName(crypto, one.change) === name);
    if (this.fed === name || open?.by.has(gateway.area.id)) {
      this.wish = { askedMs, name, state: "said" };
      return;
    }
    const fault = entrantFault(change, this.options.isKey) ?? seat.wishFault(change);
    // One that is behind comes to it.
    if (fault === "mute" || (fault === "number" && change.number > partners.version + 1))
      this.wish = { askedMs, name, state: "waits", ...WISH_FAULTS[fault] };
    else if (fault) this.refuse(askedMs, name, WISH_FAULTS[fault].cause, WISH_FAULTS[fault].cure);
    else if (this.placeTaken(change, partners.list))
      this.refuse(askedMs, name, "its area is another gateway's", "give it an area of its own");
    else if (gateway.wish(change)) {
      this.fed = name;
      this.wish = { askedMs, name, state: "said" };
      this.options.log("info", "wish-said", { number: change.number, name });
    }
  }

  /** Areas of the first gateways are in no record: each operator's gateway looks for itself. */
  private placeTaken({ leaves, joins }: Change, list: readonly Partner[]): boolean {
    if (joins?.area === undefined) return false;
    const stay = list.filter(({ id }) => !leaves || toHex(id) !== toHex(leaves));
    return stay.some((one) => this.textOf(one).area === joins.area);
  }

  private refuse(askedMs: number, name: string, cause: string, cure: string): void {
    this.options.log("warn", "wish-refused", { name, cause, cure });
    this.end({ askedMs, name, state: "refused", cause, cure });
  }

  private end(wish: OwnWish): void {
    this.wish = wish;
    this.files(() => rmSync(wishPath(this.options.folder), { force: true }));
  }
}

function placeOf({ area, url }: Partner): { area?: string; url?: string } {
  return { ...(area !== undefined && { area }), ...(url !== undefined && { url }) };
}

/** Whether the gateways are as after this change. */
function tookEffect(
  crypto: Crypto,
  { leaves, joins }: Change,
  partners: Seat["replica"]["partners"],
): boolean {
  if (leaves && partners.get(leaves)) return false;
  return !joins || partners.get(nodeIdOf(crypto, joins.publicKey)) !== undefined;
}
