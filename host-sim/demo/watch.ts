// SPDX-License-Identifier: Apache-2.0
/** What the demo sees of the run: the monitor topics, as any other MQTT client sees them. */
import { TLSSocket } from "node:tls";
import mqtt, { type MqttClient } from "mqtt";
import { Topics } from "#core/topics";
import { type TokenSource, tokenPasswords } from "#node/mqtt/token";

import type { GatewayEnd } from "../report/consortium.ts";
import type { PaymentTimes } from "../report/credit.ts";

export interface SlotView {
  slot: number;
  tradedWh: number;
  priceMicroPerKwh: number | null;
  missed: string[];
}

export interface TotalsView {
  slotsSettled: number;
  slotsWithTrade: number;
  tradedWh: number;
  finished: boolean;
  process: {
    signaturesVerified: number;
    duplicates: number;
    notAccepted: Record<string, number>;
  };
}

export interface Watch {
  /** What the bank says of its payments; undefined where there is none. */
  bank: PaymentTimes | undefined;
  /** How the consortium stands, where there is one. */
  consortium: Omit<GatewayEnd, "area"> | undefined;
  slot: SlotView | undefined;
  totals: TotalsView | undefined;
  members: number;
  /** What the first connection agreed on; undefined without TLS. */
  tls: { version: string; cipher: string } | undefined;
  close(): Promise<void>;
}

/**
 * Subscribes to the monitor topics of `area`, as the `operator` where one is given; reconnects by itself.
 * @param ca PEM of the authority of an mqtts broker
 */
export function watchMonitor(
  url: string,
  area: string,
  onChange: () => void,
  operator?: Omit<TokenSource, "client">,
  ca?: string,
): Watch {
  const topics = new Topics(area);
  const id = `monitor-demo-${process.pid}`;
  const password = operator && tokenPasswords({ ...operator, client: id });
  const client: MqttClient = mqtt.connect(url, {
    clientId: id,
    username: id,
    ...(password && { password: password() }),
    ...(ca !== undefined && { ca }),
    protocolVersion: 4,
    reconnectPeriod: 250,
  });
  const watch: Watch = {
    bank: undefined,
    consortium: undefined,
    slot: undefined,
    totals: undefined,
    members: 0,
    tls: undefined,
    close: () => client.endAsync(true),
  };
  if (password) client.on("reconnect", () => void (client.options.password = password()));
  client.on("error", () => {}); // a gateway that is being restarted refuses for a moment
  client.on("connect", () => {
    watch.tls ??= tlsOf(client.stream);
    client.subscribe(topics.monitor("#"), { qos: 1 });
  });
  client.on("message", (topic, payload) => {
    const value: unknown = parse(payload);
    if (typeof value !== "object" || value === null) return;
    if (topic === topics.monitor("slot")) watch.slot = value as SlotView;
    else if (topic === topics.monitor("totals")) watch.totals = value as TotalsView;
    else if (topic === topics.monitor("bank")) watch.bank = value as PaymentTimes;
    else if (topic === topics.monitor("consortium")) watch.consortium = value as GatewayEnd;
    else if (topic === topics.monitor("gateway")) {
      watch.members = (value as { members?: number }).members ?? 0;
      return;
    } else return;
    onChange();
  });
  return watch;
}

function tlsOf(stream: unknown): Watch["tls"] {
  if (!(stream instanceof TLSSocket)) return undefined;
  return { version: stream.getProtocol() ?? "", cipher: stream.getCipher().name };
}

function parse(payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload).toString("latin1"));
  } catch {
    return undefined;
  }
}
