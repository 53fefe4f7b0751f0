// SPDX-License-Identifier: Apache-2.0
/** TCP from one gateway to another's broker through a relay that can be cut. */
import { connect, createServer, type Server, type Socket } from "node:net";

export class Relay {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private isCut = false;

  private constructor(server: Server, targetPort: number) {
    this.server = server;
    server.on("connection", (socket) => {
      if (this.isCut) return void socket.destroy();
      const other = connect(targetPort, "127.0.0.1");
      for (const one of [socket, other]) {
        this.sockets.add(one);
        one.setNoDelay(true);
        one.on("error", () => {}); // `close` follows
        one.on("close", () => {
          this.sockets.delete(one);
          socket.destroy();
          other.destroy();
        });
      }
      socket.pipe(other).pipe(socket);
    });
  }

  /** A relay to this port of the loopback interface; its own port is free. */
  static async to(targetPort: number): Promise<Relay> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Relay(server, targetPort);
  }

  get port(): number {
    return (this.server.address() as { port: number }).port;
  }

  /** Connections end, and new ones too, until `mend`. */
  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  mend(): void {
    this.isCut = false;
  }

  close(): void {
    this.cut();
    this.server.close();
  }
}

/** A port that was free just now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
