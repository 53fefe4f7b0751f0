// SPDX-License-Identifier: Apache-2.0
/** Names to addresses by the system's resolver, which has the name servers of the local network. */
// biome-ignore lint/style/useNodejsImportProtocol: the SDK has a module of that name.
import Net from "net";

interface ResolveOptions {
  host: string;
  onResolved: (host: string, address: string) => void;
  onError?: () => void;
}

/** ECMA-419's DNS resolver, as the SDK's clients ask for it. */
export class SystemResolver {
  private open = true;

  resolve({ host, onResolved, onError }: ResolveOptions): void {
    Net.resolve(host, (name, address) => {
      if (!this.open) return;
      if (address) onResolved(name, address);
      else onError?.();
    });
  }

  close(): void {
    this.open = false;
  }
}
