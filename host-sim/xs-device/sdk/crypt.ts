// SPDX-License-Identifier: Apache-2.0
/** Stands in for the SDK's "crypt". */
import { Call, Post } from "../abi.ts";
import { call, tell } from "./machine.ts";

export class Digest {
  constructor(type: "SHA256" | "SHA512") {
    tell(Post.digestNew, type === "SHA256" ? 256 : 512);
  }
  write(data: ArrayBuffer | Uint8Array): void {
    tell(Post.digestWrite, 0, data);
  }
  close(): ArrayBuffer {
    return call(Call.digest)!;
  }
}
