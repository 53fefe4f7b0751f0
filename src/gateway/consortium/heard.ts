// SPDX-License-Identifier: Apache-2.0
/** A node's message as it travels between gateways: in a feed, or straight from one to another. */
import { decodeCbor } from "#core/codec/cbor";
import { FieldFault } from "#core/codec/schema";
import { type Heard, heardStruct } from "#core/records/turn";

/** The message, or undefined where these bytes are none. */
export function heardOf(bytes: Uint8Array): Heard | undefined {
  const decoded = decodeCbor(bytes);
  if (!("value" in decoded)) return undefined;
  try {
    return heardStruct.decode(decoded.value, "heard");
  } catch (error) {
    if (error instanceof FieldFault) return undefined;
    throw error;
  }
}
