// SPDX-License-Identifier: Apache-2.0
/** A time server on the network: one SNTP question at a time, over UDP. */
import UDP from "embedded:io/socket/udp";
import type { Entropy } from "#core/crypto/port";
import { readSntp, SNTP_PORT, sntpRequest } from "#meter/time/sntp";
import type { TimeServer } from "#meter/time/sync";
import { SystemResolver } from "#xs/device/resolver";
import { uptimeMs } from "#xs/device/timer";

export function timeServer(host: string, entropy: Entropy): TimeServer {
  return {
    ask(done) {
      const cookie = entropy.bytes(8);
      const resolver = new SystemResolver();
      let sentMs = 0;
      let from = "";
      let socket: UDP | undefined = new UDP({
        onReadable: (count) => {
          for (let i = 0; i < count && socket; i++) {
            const packet = socket.read();
            if (!packet || packet.address !== from) continue;
            const fix = readSntp(new Uint8Array(packet), cookie, sentMs, uptimeMs());
            if (fix) end(fix);
          }
        },
        onError: () => end("failed"),
      });
      const close = () => {
        resolver.close();
        socket?.close();
        socket = undefined;
      };
      const end = (answer: Parameters<typeof done>[0]) => {
        if (!socket) return;
        close();
        done(answer);
      };
      resolver.resolve({
        host,
        onResolved: (_host, address) => {
          from = address;
          sentMs = uptimeMs();
          socket?.write(sntpRequest(cookie), address, SNTP_PORT);
        },
        onError: () => end("failed"),
      });
      return close;
    },
  };
}
