// SPDX-License-Identifier: Apache-2.0
/** `wattle ca …`: the authority's certificate in pieces, since it is longer than a line of the console. */
import { bytesEqual } from "#core/codec/bytes";
import { CA_BYTES_MAX } from "#core/limits";
import { readAuthority } from "../tls/trust.ts";
import { fingerprintOf } from "./authority.ts";
import { decodeBase64 } from "./base64.ts";
import type { AuthorityStep } from "./console.ts";
import type { ProvisionContext } from "./context.ts";
import { missingOf } from "./settings.ts";

const CURE =
  "give the certificate of the authority that signed the broker's: EC P-256, or RSA of 2048 to 4096 bits";

export class AuthorityCommand {
  private readonly context: ProvisionContext;
  /** What has come since `begin`; undefined: nothing was begun. */
  private gathered: Uint8Array | undefined;
  private length = 0;

  constructor(context: ProvisionContext) {
    this.context = context;
  }

  run(step: AuthorityStep, text: string): void {
    if (step === "begin") return this.begin();
    if (step === "clear") return this.clear();
    if (!this.gathered) return this.refuse("was not begun", "write wattle ca begin first");
    if (step === "add") this.add(this.gathered, text);
    else this.end(this.gathered);
  }

  private begin(): void {
    this.gathered = new Uint8Array(CA_BYTES_MAX);
    this.length = 0;
    this.context.out.answer("ca", true, { bytes: 0 });
  }

  private add(gathered: Uint8Array, text: string): void {
    const bytes = decodeBase64(text);
    if (!bytes)
      return this.giveUp("has a line that is no base64", "send whole lines of a PEM file");
    if (this.length + bytes.length > gathered.length)
      return this.giveUp(`is longer than ${CA_BYTES_MAX} bytes`, CURE);
    gathered.set(bytes, this.length);
    this.length += bytes.length;
    this.context.out.answer("ca", true, { bytes: this.length });
  }

  private end(gathered: Uint8Array): void {
    const { authority, out, ports } = this.context;
    const certificate = gathered.slice(0, this.length);
    const read = readAuthority(certificate);
    if (typeof read === "string") return this.giveUp(`cannot be used: ${read}`, CURE);
    this.gathered = undefined;
    const before = authority.certificate;
    const isNew = !before || !bytesEqual(before, certificate);
    if (isNew) authority.save(certificate);
    const ca = fingerprintOf(ports.crypto, certificate);
    out.answer("ca", true, { ca, missing: this.missing() });
    if (isNew) this.changed("authority-saved");
  }

  private clear(): void {
    const { authority, out } = this.context;
    this.gathered = undefined;
    const had = authority.certificate !== undefined;
    authority.clear();
    out.answer("ca", true, { missing: this.missing() });
    if (had) this.changed("authority-cleared");
  }

  private changed(event: string): void {
    const { ports } = this.context;
    ports.log("info", event);
    ports.changed("settings");
  }

  private missing(): string[] {
    const { store, board, authority } = this.context;
    return missingOf(store.settings, board, authority.certificate);
  }

  private giveUp(cause: string, cure: string): void {
    this.gathered = undefined;
    this.refuse(cause, cure);
  }

  private refuse(cause: string, cure: string): void {
    this.context.out.refuse("ca", [{ field: "ca", cause, cure }]);
  }
}
