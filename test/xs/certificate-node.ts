// SPDX-License-Identifier: Apache-2.0
/**
 * A node's check of its gateway's ledger on XS. Events: 1 the keys of all gateways, one after the other; 2 a signed
 * header of a block, which the node hears of with its balance; 3 a certificate; 4 one turn of its timer. The answer
 * to the last two is how it stands: what is to do in ms, height of the balance, what is wrong.
 */
import { openSigned } from "#core/codec/record";
import { nobleCrypto } from "#core/crypto/noble";
import { headerRecord } from "#core/records/block";
import { Topics } from "#core/topics";
import { utf8 } from "#host-sim/fleet/abi";
import { hostCrypto, type XsGlobal } from "#host-sim/fleet/xs-crypto";
import { Certifier } from "#meter/certifier";
import type { NodeConfig } from "#meter/config";
import { Fellows } from "#meter/fellows";

declare const host: XsGlobal;

const NET = "test";

/** The body of the entry module; a function, so that this module can be preloaded. */
export function runCertificates(kind: "native" | "noble"): void {
  const crypto = kind === "noble" ? nobleCrypto({ windowBits: 1 }) : hostCrypto;
  const topics = new Topics("street-1");
  const wrong: string[] = [];
  let certifier: Certifier | undefined;
  const store = { get: () => undefined, set: () => {}, delete: () => {}, keys: () => [] };
  const start = (keys: Uint8Array[]): Certifier => {
    const fellows = new Fellows({ net: NET } as NodeConfig, keys, crypto, store);
    const time = { uptimeMs: () => 0, utc: () => ({}) as never, wakeAfter: () => {} };
    const ports = { crypto, time, log: () => {} };
    const say = (code: string, detail: string): void => void wrong.push(`${code} ${detail}`);
    return new Certifier({ topics, net: NET, fellows }, ports, say, () => {});
  };
  host.onEvent = (event, payload) => {
    const bytes = new Uint8Array(payload);
    if (event === 1) {
      const keys: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += 32) keys.push(bytes.slice(at, at + 32));
      certifier = start(keys);
      return;
    }
    if (event === 2) {
      const opened = openSigned(headerRecord, crypto, bytes);
      if (!opened.ok) return;
      certifier?.onHead(opened.id, opened.value);
      certifier?.onBalance(opened.id, opened.value.height);
      return;
    }
    if (event === 3) certifier?.onMessage(topics.certified, bytes);
    else certifier?.onTimer();
    const { balance = -1 } = certifier!;
    host.post(event, utf8(JSON.stringify([certifier!.delayMs() ?? -1, balance, wrong])));
  };
}
