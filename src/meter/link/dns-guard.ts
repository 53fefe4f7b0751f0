// SPDX-License-Identifier: Apache-2.0
/**
 * A resolver that can be silenced: the SDK's MQTT client forgets its look-up when it is closed, and throws
 * from the resolver's callback when the answer comes after all.
 */
import type { DnsConstruction, DnsIo, DnsQuery } from "./client.ts";

export class DnsGuard {
  /** For the client: the same options with a guarded class. */
  readonly dns: DnsConstruction;
  silent = false;
  private readonly inner: DnsConstruction;
  private readonly open: DnsIo[] = [];

  constructor(inner: DnsConstruction) {
    this.inner = inner;
    this.dns = { ...inner, io: Guarded, guard: this };
  }

  make(): DnsIo {
    const { io: Io } = this.inner;
    const made = new Io(this.inner as never);
    this.open.push(made);
    return made;
  }

  /** From now on no look-up is answered; what is open is closed. Idempotent. */
  silence(): void {
    this.silent = true;
    for (const io of this.open.splice(0)) io.close?.();
  }
}

/** Constructed by the client, with `dns` of the guard. */
class Guarded implements DnsIo {
  private readonly guard: DnsGuard;
  private readonly io: DnsIo;

  constructor({ guard }: { guard: DnsGuard }) {
    this.guard = guard;
    this.io = guard.make();
  }

  resolve(query: DnsQuery): void {
    const { guard } = this;
    this.io.resolve({
      host: query.host,
      onResolved(host, address) {
        if (!guard.silent) query.onResolved(host, address);
      },
      onError(...reason) {
        if (!guard.silent) query.onError(...reason);
      },
    });
  }

  close(): void {
    this.io.close?.();
  }
}
