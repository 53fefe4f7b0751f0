// SPDX-License-Identifier: Apache-2.0
/** Names of code as documents and people write them. */

/** `qtyWh`: `qty-wh`. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
