// SPDX-License-Identifier: Apache-2.0
/** Stands in for "mc/config", which holds what the manifest says; here the board says which image it runs. */
import { Call, ConfigText } from "../abi.ts";
import { call } from "./machine.ts";

function textOf(which: number): string | undefined {
  const bytes = call(Call.config, which);
  return bytes && String.fromCharCode(...new Uint8Array(bytes));
}

export default Object.freeze({
  chip: "esp32",
  get version(): string | undefined {
    return textOf(ConfigText.version);
  },
  get releaseKey(): string | undefined {
    return textOf(ConfigText.releaseKey);
  },
});
