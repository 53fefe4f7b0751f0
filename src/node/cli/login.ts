// SPDX-License-Identifier: Apache-2.0
/** `wattle login`: an account at the area's Mosquitto, for a node or for a person. */
import { fromHex, toHex } from "#core/codec/bytes";
import { nodeIdOf } from "#core/identity";
import { ConfigError } from "../config/config-error.ts";
import { loadGatewayConfig } from "../config/gateway-config.ts";
import { loadKey } from "../config/key-file.ts";
import { sodiumCrypto } from "../crypto/sodium.ts";
import { loginKind, makeLogin, secretsOf } from "../dynsec/logins.ts";

/** Exit code 2: nothing was done. */
const EXIT_REFUSED = 2;

export interface LoginOptions {
  config: string;
  set?: string[];
  renew?: boolean;
  json?: boolean;
  say?: (text: string) => void;
  err?: (text: string) => void;
}

export function loginCommand(who: string, options: LoginOptions): number {
  const say = options.say ?? ((text) => void process.stdout.write(text));
  const err = options.err ?? ((text) => void process.stderr.write(text));
  const refuse = (text: string): number => {
    err(`wattle login: ${text}\n`);
    return EXIT_REFUSED;
  };
  const crypto = sodiumCrypto();
  const key = who.length === 64 ? fromHex(who) : undefined;
  const username = key ? toHex(nodeIdOf(crypto, key)) : who;
  if (!loginKind(username))
    return refuse(
      `${who}: no client. Give a node's id or public key, operator-<name> or outsider-<name>`,
    );
  try {
    const { bus, keyFile, net, area } = loadGatewayConfig(options.config, options.set);
    if (bus.kind !== "broker" || !bus.dynamicSecurity)
      return refuse(`${options.config}: has no broker.dynamicSecurity. Add it: docs/operations.md`);
    const { secretKey } = loadKey(keyFile, false);
    const login = makeLogin(bus.dynamicSecurity.logins, username, options.renew ?? false);
    const { password } = secretsOf({ crypto, secretKey, net, area }, login);
    if (options.json) say(`${JSON.stringify({ username, password, number: login.number })}\n`);
    else say(`user      ${username}\npassword  ${password}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return refuse(error.message);
  }
}
