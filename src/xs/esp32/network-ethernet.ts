// SPDX-License-Identifier: Apache-2.0
/** Wired Ethernet. Wi-Fi is not started, and not linked into the firmware's own modules. */
import Ethernet from "embedded:network/interface/ethernet";
import type { Network, NetworkOptions } from "#xs/device/network";

const LINKED = 400;

export function openNetwork({ onChange }: NetworkOptions): Network {
  let wasUp = false;
  const wire = new Ethernet({
    onChanged: () => {
      if (up() === wasUp) return;
      wasUp = !wasUp;
      onChange();
    },
  });
  const up = () => wire.connection >= LINKED && wire.address !== undefined;
  wire.connect();
  return { up, address: () => wire.address, wifi: undefined, close: () => wire.close() };
}
