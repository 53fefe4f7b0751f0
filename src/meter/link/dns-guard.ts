// SPDX-License-Identifier: Apache-2.0
/**
 * A resolver that can be silenced: the SDK's MQTT client forgets its look-up when it is closed, and throws
 * from the resolver's callback when the answer comes after all.
 */
import type { DnsConstruction, DnsIo, DnsQuery } from "./client.ts";

export interface GuardedDns {
  dns: DnsConstruction;
  /** From now on no look-up is answered; what is open is closed. Idempotent. */
  silence(): void;
}

/** The same options with a guarded class. */
export function guardDns(dns: DnsConstruction): GuardedDns {
  let silent = false;
  const open: DnsIo[] = [];
  class Guarded implements DnsIo {
    private readonly inner: DnsIo;
    constructor() {
      this.inner = new dns.io(dns as never);
      open.push(this.inner);
    }
    resolve(query: DnsQuery): void {
      this.inner.resolve({
        host: query.host,
        onResolved(host, address) {
          if (!silent) query.onResolved(host, address);
        },
        onError(...reason) {
          if (!silent) query.onError(...reason);
        },
      });
    }
    close(): void {
      this.inner.close?.();
    }
  }
  return {
    dns: { ...dns, io: Guarded },
    silence() {
      silent = true;
      for (const inner of open.splice(0)) inner.close?.();
    },
  };
}
