// SPDX-License-Identifier: Apache-2.0
/** The gateways that a fleet's nodes may speak with, where several share a ledger. */
import { readFileSync } from "node:fs";
import { fromHex } from "#core/codec/bytes";

export interface Place {
  url: string;
  area: string;
  gatewayKey: Uint8Array;
}

/** Failed connections in a row, some seconds, after which a node goes on at the next gateway. */
export const FAILURES_MAX = 6;

/** Reads a JSON list of `{url, area, gatewayKey}`. @throws Error that names the file */
export function readPlaces(path: string): Place[] {
  const list = JSON.parse(readFileSync(path, "utf8")) as unknown;
  const places = (Array.isArray(list) ? list : []).map((one): Place => {
    const { url, area, gatewayKey } = one as Record<string, unknown>;
    const key = fromHex(String(gatewayKey));
    if (typeof url !== "string" || typeof area !== "string" || key?.length !== 32)
      throw new Error(`${path}: each entry is {url, area, gatewayKey}`);
    return { url, area, gatewayKey: key };
  });
  if (places.length === 0) throw new Error(`${path}: has no gateway`);
  return places;
}
