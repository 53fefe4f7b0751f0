// SPDX-License-Identifier: Apache-2.0
/** Crypto on XS, hashes by xs-host and Ed25519 by calls of the driver: what a board with crypto in C has. */
import type { Crypto } from "#core/crypto/port";
import { ByteWriter, Call } from "./abi.ts";

/** What xs-host gives to every node. */
export interface XsGlobal {
  call(fn: number, data?: Uint8Array): ArrayBuffer | undefined;
  post(fn: number, data: Uint8Array): void;
  sha256(data: Uint8Array): ArrayBuffer;
  onEvent: (kind: number, payload: ArrayBuffer) => void;
}

declare const host: XsGlobal;

/** The answer to a call that always has one. */
export function ask(fn: number, data?: Uint8Array): Uint8Array {
  return new Uint8Array(host.call(fn, data)!);
}

export const hostCrypto: Crypto = {
  name: "host",
  sha256: (data) => new Uint8Array(host.sha256(data)),
  publicKey: (secretKey) => ask(Call.publicKey, secretKey),
  sign: (secretKey, message) =>
    ask(Call.sign, new ByteWriter(96).blob(secretKey).rest(message).done()),
  verify: (publicKey, message, signature) =>
    ask(
      Call.verify,
      new ByteWriter(192).blob(publicKey).blob(signature).rest(message).done(),
    )[0] === 1,
};
