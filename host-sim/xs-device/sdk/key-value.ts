// SPDX-License-Identifier: Apache-2.0
/** Stands in for the SDK's "embedded:storage/key-value": the store is the driver's. */
import { ascii, Call, Post } from "../abi.ts";
import { call, tell } from "./machine.ts";

class Store {
  read(key: string): ArrayBuffer | undefined {
    return call(Call.get, 0, ascii(key));
  }
  write(key: string, value: ArrayBuffer | Uint8Array): void {
    tell(Post.argument, 0, ascii(key));
    // A call: a power cut of the store has to end this event.
    call(Call.set, 0, value);
  }
  delete(key: string): void {
    call(Call.remove, 0, ascii(key));
  }
  close(): void {}
  *[Symbol.iterator](): Iterator<string> {
    const bytes = new Uint8Array(call(Call.keys)!);
    let key = "";
    for (const byte of bytes)
      if (byte !== 10) key += String.fromCharCode(byte);
      else {
        yield key;
        key = "";
      }
  }
}

export default { open: (_options: object): Store => new Store() };
