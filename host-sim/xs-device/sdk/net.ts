// SPDX-License-Identifier: Apache-2.0
/** Stands in for the SDK's "net". */
import { ascii, Post } from "../abi.ts";
import { freeId, machine, say } from "./machine.ts";

const Net = {
  resolve(name: string, done: (name: string, address?: string) => void): void {
    const { lookups } = machine();
    const id = freeId(lookups);
    lookups.set(id, (address) => done(name, address));
    say(Post.resolve, id, ascii(name));
  },
};
export default Net;
