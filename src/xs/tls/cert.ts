// SPDX-License-Identifier: Apache-2.0
/**
 * In place of the SDK's `ssl/cert`: that one takes a server whose own certificate nobody has signed, as long as
 * a good one comes after it. Here the certificates were judged before the session got them (meter/tls).
 * Under the SDK's name it cannot import the package's modules.
 */
export interface CertificateOptions {
  /** The server's key as the SDK's algorithms take it; undefined before it was judged good. */
  serverKey(): unknown;
}

export default class Certificates {
  private readonly options: CertificateOptions;

  constructor(options: CertificateOptions) {
    this.options = options;
  }

  verify(): boolean {
    return this.options.serverKey() !== undefined;
  }

  register(): void {}

  /** The key that the key exchange has to be signed with. */
  getKey(): unknown {
    return this.options.serverKey();
  }

  /** A node has no certificate of its own. */
  findPreferredCert(): unknown[] {
    return [];
  }
}
