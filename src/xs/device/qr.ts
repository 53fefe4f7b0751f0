// SPDX-License-Identifier: Apache-2.0
/** QR codes by the SDK's encoder. */
import qrCode from "qrcode";
import type { QrMatrix } from "#meter/provision/qr";

/** Enough for `qrText` (meter/provision/qr.ts). */
const VERSION_MAX = 6;

export function encodeQr(text: string): QrMatrix {
  const code = qrCode({ input: text, maxVersion: VERSION_MAX });
  return { size: code.size, modules: new Uint8Array(code) };
}
