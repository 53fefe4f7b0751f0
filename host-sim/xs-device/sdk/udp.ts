// SPDX-License-Identifier: Apache-2.0
/** Stands in for the SDK's "embedded:io/socket/udp". */
import { ascii, Call, Post } from "../abi.ts";
import { call, freeId, machine, type SocketEvents, say } from "./machine.ts";

export default class UDP {
  private readonly id: number;

  constructor(options: SocketEvents) {
    const { sockets } = machine();
    this.id = freeId(sockets);
    sockets.set(this.id, { onReadable: options.onReadable, onError: options.onError });
    say(Post.udpOpen, this.id);
  }

  read(): (ArrayBuffer & { address: string; port: number }) | undefined {
    const bytes = call(Call.packet, this.id);
    if (!bytes) return undefined;
    const view = new DataView(bytes);
    const size = view.getUint8(4);
    const address = String.fromCharCode(...new Uint8Array(bytes, 5, size));
    return Object.assign(bytes.slice(5 + size), { address, port: view.getUint32(0, true) });
  }

  write(data: ArrayBuffer | Uint8Array, address: string, port: number): void {
    const head = new Uint8Array(5 + address.length + data.byteLength);
    new DataView(head.buffer).setUint32(0, port, true);
    head[4] = address.length;
    head.set(ascii(address), 5);
    head.set(data instanceof Uint8Array ? data : new Uint8Array(data), 5 + address.length);
    say(Post.udpWrite, this.id, head);
  }

  close(): void {
    const { sockets } = machine();
    if (sockets.delete(this.id)) say(Post.socketClose, this.id);
  }
}
