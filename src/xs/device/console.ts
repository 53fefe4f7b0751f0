// SPDX-License-Identifier: Apache-2.0
/** A line of bytes to whoever sets the node up. */
export interface Console {
  write(bytes: Uint8Array): void;
  close(): void;
}
