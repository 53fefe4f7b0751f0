// SPDX-License-Identifier: Apache-2.0
/** How clients of the embedded broker prove who they are, by the configuration. */
import { toHex } from "#core/codec/bytes";
import type { GatewayLog } from "#gateway/ports";
import { type Authenticate, byClaims, byTokens, type Gateways } from "../broker/authenticate.ts";
import { BROKER_LIMITS } from "../broker/options.ts";
import type { GatewayConfig } from "../config/gateway-config.ts";
import { operatorKeyBeside } from "../config/operator-key.ts";
import { sodiumCrypto } from "../crypto/sodium.ts";

/**
 * `gateways`: ids of the others of its consortium. As long as it is `apart` from them, nodes go elsewhere.
 * Makes the operator's key where there is none.
 */
export function accessOf(
  config: GatewayConfig,
  secretKey: Uint8Array,
  gateways: Gateways,
  log: GatewayLog,
  apart: () => boolean,
): Authenticate {
  const known = knownTo(config, secretKey, gateways, log);
  return async (client, username, password) => {
    const who = await known(client, username, password);
    if (!("fault" in who) && who.class === "node" && apart()) return { fault: "GATEWAY_APART" };
    return who;
  };
}

function knownTo(
  config: GatewayConfig,
  secretKey: Uint8Array,
  gateways: Gateways,
  log: GatewayLog,
): Authenticate {
  const { net, access, keyFile, createKey } = config;
  const crypto = sodiumCrypto();
  if (access === "claims") {
    const cause = "whoever reaches the broker is who it says: for closed networks only";
    log("warn", "access-claims", { cause });
    return byClaims(undefined, gateways);
  }
  let { operators } = config;
  if (!operators) {
    const own = operatorKeyBeside(keyFile, createKey);
    if (own?.made) log("info", "key-made", { file: own.file });
    operators = own ? [toHex(crypto.publicKey(own.secretKey))] : [];
  }
  return byTokens({
    crypto,
    net,
    gatewayKey: crypto.publicKey(secretKey),
    operators: new Set(operators),
    gateways,
    nowMs: () => Date.now(),
    seenMax: BROKER_LIMITS.tokensMax,
  });
}
