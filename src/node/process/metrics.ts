// SPDX-License-Identifier: Apache-2.0
/** What a Prometheus scrapes: read from the gateway's own counters at the moment of asking. */

import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { DAY_MS } from "#core/units/time";
import type { Gateway } from "#gateway/gateway";
import type { LogStore } from "#gateway/ports";
import type { Broker } from "../broker/embedded.ts";
import { consortiumGauges } from "../consortium/monitor.ts";
import type { Peers } from "../consortium/peers.ts";
import type { VerifyPool } from "../crypto/verify-pool.ts";
import type { BusCounts } from "./bus-tap.ts";

export interface Measured {
  gateway: Gateway;
  store: LogStore;
  pool: Pick<VerifyPool, "counts">;
  bus: BusCounts;
  broker: Broker | undefined;
  /** The identity folder. */
  identities?: { readonly requestsWaiting: number; readonly displaced: number } | undefined;
  /** The way to the other gateways of the consortium. */
  peers?: Peers | undefined;
}

type Read = (measured: Measured) => number;
type ReadMany = (measured: Measured) => Record<string, number>;

const area = ({ gateway }: Measured) => gateway.area;
const coins = (read: (m: Measured) => number) => (m: Measured) => read(m) / 1_000_000;

const COUNTERS: [string, string, Read][] = [
  ["wattle_messages_in_total", "MQTT messages from nodes", (m) => m.bus.messagesIn],
  ["wattle_messages_in_bytes_total", "payload of these", (m) => m.bus.bytesIn],
  ["wattle_messages_out_total", "MQTT messages published by the gateway", (m) => m.bus.messagesOut],
  ["wattle_messages_out_bytes_total", "payload of these", (m) => m.bus.bytesOut],
  ["wattle_readings_total", "readings accepted", (m) => area(m).counters.readings],
  ["wattle_orders_total", "orders accepted", (m) => area(m).counters.orders],
  ["wattle_transactions_total", "transactions in the DAG", (m) => area(m).counters.transactions],
  [
    "wattle_transactions_rejected_total",
    "transactions that a block rejected",
    (m) => area(m).counters.rejectedTxs,
  ],
  ["wattle_tokens_total", "tokens of proof-of-time in these", (m) => area(m).counters.tokens],
  [
    "wattle_transactions_by_gateway_total",
    "transactions with the gateway's token for want of witnesses",
    (m) => area(m).counters.byGateways,
  ],
  [
    "wattle_transactions_promote_total",
    "PROMOTEs, of transactions that were left behind",
    (m) => area(m).counters.promotes,
  ],
  ["wattle_votes_total", "signed votes that counted", (m) => area(m).votes.votes],
  [
    "wattle_transactions_accepted_total",
    "transactions that votes accepted before a block held them",
    (m) => area(m).votes.accepted,
  ],
  [
    "wattle_signatures_verified_total",
    "signatures checked by this process",
    (m) => area(m).counters.signaturesVerified,
  ],
  [
    "wattle_verify_worker_crashes_total",
    "verify threads that died",
    (m) => m.pool.counts.workerCrashes,
  ],
  ["wattle_slots_settled_total", "slots settled since the first", (m) => area(m).settledSlots],
  ["wattle_slots_with_trade_total", "settled slots with a trade", (m) => area(m).slotsWithTrade],
  ["wattle_traded_watt_hours_total", "energy traded", (m) => area(m).tradedWh],
  [
    "wattle_feeder_alarms_total",
    "alarms of the feeder meter that began",
    (m) => area(m).feeder?.alarmCount ?? 0,
  ],
  [
    "wattle_feeder_judged_slots_total",
    "slots judged by the feeder meter",
    (m) => area(m).feeder?.judgedSlots ?? 0,
  ],
  [
    "wattle_feeder_unjudged_slots_total",
    "slots at whose close readings were missing for that",
    (m) => area(m).feeder?.openSlots ?? 0,
  ],
  ["wattle_store_entries_total", "entries of the log", (m) => m.store.length],
  [
    "wattle_requests_displaced_total",
    "requests for certificates that made room for others",
    (m) => m.identities?.displaced ?? 0,
  ],
  [
    "wattle_firmware_bytes_total",
    "bytes of firmware images sent to nodes",
    (m) => m.gateway.updates.servedBytes,
  ],
];

const GAUGES: [string, string, Read][] = [
  ["wattle_members", "members of the area", (m) => area(m).sessions.size],
  [
    "wattle_certificates_expiring",
    "members whose certificate ends within 30 days",
    (m) => m.gateway.expiring(30 * DAY_MS),
  ],
  [
    "wattle_requests_waiting",
    "requests for certificates that wait for the operator",
    (m) => m.identities?.requestsWaiting ?? 0,
  ],
  ["wattle_members_online", "members that are connected", (m) => area(m).onlineIds().length],
  [
    "wattle_chain_height_blocks",
    "height of the head; -1: none",
    (m) => area(m).chain.head?.header.height ?? -1,
  ],
  [
    "wattle_feeder_alarms",
    "tests of the feeder meter that alarm now; 0 without one",
    (m) => area(m).feeder?.raised.size ?? 0,
  ],
  [
    "wattle_feeder_missing_watt_hours",
    "feeder less members in the latest stretch that could be judged",
    (m) => Number((area(m).feeder?.latest?.balance.residualMwh ?? 0n) / 1000n),
  ],
  ["wattle_epoch", "epoch of proof-of-time; 0: there is none", (m) => area(m).world.epoch],
  ["wattle_suspended", "members with a proof of fraud", (m) => area(m).suspended.size],
  ["wattle_open_slots", "slots not settled yet", (m) => area(m).runs.size],
  [
    "wattle_wallets_coins",
    "coins in wallets",
    coins((m) => area(m).chain.state.sums().walletsMicro),
  ],
  [
    "wattle_locked_coins",
    "coins locked by RESERVEs",
    coins((m) => area(m).chain.state.sums().lockedMicro),
  ],
  [
    "wattle_minted_coins",
    "coins minted since genesis",
    coins((m) => area(m).chain.state.totals.mintedMicro),
  ],
  [
    "wattle_broker_connections",
    "TCP connections of the embedded broker",
    (m) => m.broker?.counts.connections ?? 0,
  ],
  [
    "wattle_broker_certificate_expiry_seconds",
    "end of the embedded broker's certificate, s since 1970; 0: no TLS",
    (m) => (m.broker?.tlsExpiresMs ?? 0) / 1000,
  ],
];

const LABELLED: [string, string, string, ReadMany][] = [
  [
    "wattle_not_accepted_total",
    "messages and transactions not accepted, by code (docs/protocol.md)",
    "code",
    (m) => Object.fromEntries(area(m).counters.byCode),
  ],
  [
    "wattle_events_total",
    "events that meters reported, by kind (docs/operations.md)",
    "kind",
    (m) => Object.fromEntries(area(m).counters.eventsByKind),
  ],
  [
    "wattle_verified_total",
    "signatures checked, by thread",
    "thread",
    (m) => ({ worker: m.pool.counts.inWorkers, main: m.pool.counts.inline }),
  ],
  [
    "wattle_broker_publish_denied_total",
    "by reason",
    "reason",
    (m) => m.broker?.counts.publishDenied ?? {},
  ],
  [
    "wattle_broker_subscribe_denied_total",
    "by reason",
    "reason",
    (m) => m.broker?.counts.subscribeDenied ?? {},
  ],
  [
    "wattle_broker_connect_refused_total",
    "by reason",
    "reason",
    (m) => m.broker?.counts.connectRefused ?? {},
  ],
  [
    "wattle_broker_dropped_total",
    "clients dropped, by reason",
    "reason",
    (m) => m.broker?.counts.dropped ?? {},
  ],
];

export class Metrics {
  /** Time of one group commit. */
  readonly commitSeconds: Histogram;
  /** Entries in one group commit. */
  readonly commitEntries: Histogram;
  private readonly registry = new Registry();

  constructor(measured: Measured) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    for (const [name, help, read] of COUNTERS)
      new Counter({
        name,
        help,
        registers,
        collect() {
          this.reset();
          this.inc(read(measured));
        },
      });
    for (const [name, help, read] of GAUGES)
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read(measured));
        },
      });
    new Gauge({
      name: "wattle_consortium",
      help: "turn and round in hand, gateways heard and needed, halted, liars, segments that wait",
      labelNames: ["what"],
      registers,
      collect() {
        this.reset();
        const gauges = consortiumGauges(measured.gateway, measured.peers);
        for (const [what, value] of Object.entries(gauges)) this.set({ what }, value);
      },
    });
    for (const [name, help, label, read] of LABELLED)
      new Counter({
        name,
        help,
        labelNames: [label],
        registers,
        collect() {
          this.reset();
          for (const [value, count] of Object.entries(read(measured)))
            this.inc({ [label]: value }, count);
        },
      });
    this.commitSeconds = new Histogram({
      name: "wattle_commit_duration_seconds",
      help: "time of one durable commit",
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1],
      registers,
    });
    this.commitEntries = new Histogram({
      name: "wattle_commit_entries",
      help: "log entries in one durable commit",
      buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
      registers,
    });
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }
}

/** GET /metrics on the loopback interface only: there is no access control. */
export async function serveMetrics(metrics: Metrics, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.method !== "GET" || request.url !== "/metrics") {
      response.writeHead(404).end("GET /metrics\n");
      return;
    }
    metrics.text().then(
      (text) =>
        response.writeHead(200, { "content-type": Registry.PROMETHEUS_CONTENT_TYPE }).end(text),
      (error) => response.writeHead(500).end(String(error)),
    );
  });
  server.listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const message = `metrics on 127.0.0.1:${port}: ${code}. Choose another --metrics-port`;
    throw new Error(message, { cause: error });
  }
  server.unref();
  return server;
}
