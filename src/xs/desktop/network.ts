// SPDX-License-Identifier: Apache-2.0
/** The network of the computer that the simulator runs on: always up. */
import type { Network, NetworkOptions } from "#xs/device/network";

export function openNetwork(_options: NetworkOptions): Network {
  return { up: () => true, address: () => "127.0.0.1", wifi: undefined, close: () => {} };
}
