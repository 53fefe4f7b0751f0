// SPDX-License-Identifier: Apache-2.0
/** Options of simulated nodes that take part where a gateway has an authority. */
import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { fromHex } from "#core/codec/bytes";
import { CONNECTION_W_MAX, MESSAGE_BYTES_MAX, METER_CHARS_MAX } from "#core/limits";
import { openAuthority } from "#core/trust/anchor";
import { codeOf } from "#node/authority/error";
import { sodiumCrypto } from "#node/crypto/sodium";
import type { EnrolChoices } from "../setup.ts";
import { whole } from "./options.ts";

/** With none of these a node asks for no certificate. */
export type EnrolmentOptions = EnrolChoices;

/** Characters that the numbers of a fleet's meters take: -1 to -4096. */
const NUMBER_CHARS = 5;

/** `several`: the meters of a fleet, which are numbered. */
export function addEnrolmentOptions(command: Command, several: boolean): Command {
  const written = several
    ? "ask for certificates: what is written on the meters, each with its number behind (M: M-1, M-2 …)"
    : "ask for a certificate: what is written on the meter";
  const charsMax = METER_CHARS_MAX - (several ? NUMBER_CHARS : 0);
  return command
    .option(
      "--authority <key>",
      "the same, and trust only gateways of this authority: its anchor key, or its authority.cbor",
      anchorKey,
    )
    .option("--meter <text>", written, (text) => meterText(text, charsMax))
    .option(
      "--connection-w <W>",
      "the same, with this rating of the connection (default: what the capacity needs)",
      whole(1, CONNECTION_W_MAX),
    );
}

/** The anchor key itself in hex, or that in the authority's record, which is signed by it. */
function anchorKey(source: string): Uint8Array {
  const typed = fromHex(source);
  if (typed?.length === 32) return typed;
  const cure = "Give the anchor key that wattle authority init printed, or its authority.cbor.";
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(readFileSync(source).subarray(0, MESSAGE_BYTES_MAX));
  } catch (error) {
    throw new InvalidArgumentError(`${codeOf(error)}. ${cure}`);
  }
  const opened = openAuthority(sodiumCrypto(), bytes);
  if (!opened.ok) throw new InvalidArgumentError(`No authority's record (${opened.code}). ${cure}`);
  return opened.value.anchorKey;
}

function meterText(text: string, charsMax: number): string {
  if (/^[\x20-\x7e]*$/.test(text) && text.length <= charsMax) return text;
  throw new InvalidArgumentError(`It takes at most ${charsMax} ASCII characters.`);
}
