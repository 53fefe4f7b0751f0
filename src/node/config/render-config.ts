// SPDX-License-Identifier: Apache-2.0
/** A configuration written out as a file with every default in it. */
import { formatCoins } from "#core/units/money";
import { HOUR_MS } from "#core/units/time";
import type { ConsortiumConfig } from "./consortium.ts";
import { renderCredit } from "./credit.ts";
import type { GatewayConfig } from "./gateway-config.ts";

/**
 * JSON that reads back as the same configuration. Only passwords and what stands before the @ of a URL are
 * not shown, so that the output can go into a ticket; put them in again before use.
 */
export function renderGatewayConfig(config: GatewayConfig): string {
  const { bus, admit, deposit, withdraw, clock, retail, proofOfTime: pot } = config;
  const coins = (micro: number) => formatCoins(micro).replace(/\.?0+$/, "");
  const where =
    bus.kind === "listen"
      ? {
          listen: { host: bus.host, port: bus.port, ...(bus.tls && { tls: bus.tls }) },
          access: config.access,
          ...(config.operators && { operators: config.operators }),
        }
      : {
          broker: {
            url: withoutLogin(bus.url),
            ...(bus.username !== undefined && { username: bus.username }),
            ...(bus.password !== undefined && { password: "(not shown)" }),
            ...(bus.dynamicSecurity && { dynamicSecurity: bus.dynamicSecurity }),
          },
        };
  const prices =
    retail.kind === "fixed"
      ? { retailPerKwh: coins(retail.micro) }
      : {
          retailCsv: retail.file,
          ...(retail.column !== undefined && { retailColumn: retail.column }),
        };
  const file = {
    net: config.net,
    area: config.area,
    keyFile: config.keyFile,
    createKey: config.createKey,
    store: config.store,
    sealKeyFile: config.sealKeyFile,
    ...where,
    admit: admit === "open" ? "open" : { members: admit },
    expectNodes: config.expectNodes,
    genesisCoins: coins(config.genesisMicro),
    deposit: deposit
      ? { belowCoins: coins(deposit.belowMicro), toCoins: coins(deposit.toMicro) }
      : null,
    withdraw: withdraw
      ? { aboveCoins: coins(withdraw.aboveMicro), toCoins: coins(withdraw.toMicro) }
      : null,
    slotSeconds: config.slotMs / 1000,
    worldStart:
      config.worldStart === "next-slot" ? "next-slot" : new Date(config.worldStart).toISOString(),
    slots: config.slots ?? null,
    clock: clock.kind === "barrier" ? "barrier" : { speed: clock.ratePermille / 1000 },
    slotTimeoutSeconds: config.slotTimeoutMs / 1000,
    tickSeconds: config.tickMs / 1000,
    ageMaxSeconds: config.ageMaxMs / 1000,
    proofOfTime: pot
      ? {
          epochHours: pot.epochMs / HOUR_MS,
          ...(pot.committee && { witnesses: pot.committee.k, tokens: pot.committee.m }),
          epsilonSeconds: pot.epsilonMs / 1000,
          tauSeconds: pot.tauMs / 1000,
        }
      : false,
    market: config.market,
    tariff: { feedInPerKwh: coins(config.feedInMicro), ...prices },
    ...(config.identity && { identity: config.identity }),
    ...(config.firmware && { firmware: config.firmware }),
    ...(config.feeder && { feeder: config.feeder }),
    ...(config.consortium && { consortium: renderConsortium(config.consortium) }),
    credit: renderCredit(config.credit),
    log: { level: config.logLevel },
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

function renderConsortium(config: ConsortiumConfig): ConsortiumConfig {
  const shown = <T extends { url?: string }>(one: T): T =>
    one.url === undefined ? one : { ...one, url: withoutLogin(one.url) };
  const { gateways, addresses } = config;
  return {
    ...config,
    gateways: gateways.map(shown),
    ...(addresses && { addresses: addresses.map(shown) }),
  };
}

function withoutLogin(url: string): string {
  return url.replace(/\/\/[^/@]*@/, "//");
}
