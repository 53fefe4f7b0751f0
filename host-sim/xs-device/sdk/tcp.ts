// SPDX-License-Identifier: Apache-2.0
/**
 * Stands in for the SDK's "embedded:io/socket/tcp". What was received waits outside of the machine, as it does
 * in the chip's network stack.
 */
import { ascii, Call, Post } from "../abi.ts";
import { call, freeId, machine, type SocketEvents, say } from "./machine.ts";

interface TcpOptions extends SocketEvents {
  address: string;
  port: number;
}

export default class TCP {
  format: "buffer" | "number" = "number";
  private readonly id: number;
  private writable = 0;

  constructor(options: TcpOptions) {
    const { sockets } = machine();
    this.id = freeId(sockets);
    sockets.set(this.id, {
      onReadable: options.onReadable,
      onWritable: (count) => {
        this.writable = count;
        options.onWritable?.(count);
      },
      onError: options.onError,
    });
    const { address, port } = options;
    const target = new Uint8Array(4 + address.length);
    new DataView(target.buffer).setUint32(0, port, true);
    target.set(ascii(address), 4);
    say(Post.socketOpen, this.id, target);
  }

  read(what?: number | Uint8Array): ArrayBuffer | number | undefined {
    const count = typeof what === "object" ? what.byteLength : (what ?? 1);
    const bytes = call(Call.socketRead, this.id + 256 * count);
    if (!bytes) return undefined;
    if (typeof what !== "object")
      return this.format === "number" ? new Uint8Array(bytes)[0] : bytes;
    what.set(new Uint8Array(bytes));
    return bytes.byteLength;
  }

  write(data: ArrayBuffer | Uint8Array, _options?: object): number {
    if (data.byteLength > this.writable) throw new Error("would block");
    this.writable -= data.byteLength;
    say(Post.socketWrite, this.id, data);
    return this.writable;
  }

  close(): void {
    const { sockets } = machine();
    if (!sockets.delete(this.id)) return;
    say(Post.socketClose, this.id);
  }
}
