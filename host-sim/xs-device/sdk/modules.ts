// SPDX-License-Identifier: Apache-2.0
/** Stands in for the SDK's "modules": what the entry module has imported, by its name on the device. */
import { machine } from "./machine.ts";

export default {
  importNow(name: string): unknown {
    const { offered } = machine();
    if (offered?.name !== name) throw new Error(`module ${name} not found`);
    return offered.value;
  },
};
