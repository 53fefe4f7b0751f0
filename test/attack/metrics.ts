// SPDX-License-Identifier: Apache-2.0
/** What a gateway's Prometheus text says, and how much of it an attack brought about. */

/** Samples by name; one with a label is `<name> <label's value>`. */
export type Metrics = ReadonlyMap<string, number>;

export function parseMetrics(text: string): Metrics {
  const samples = new Map<string, number>();
  for (const line of text.split("\n")) {
    const match = /^(\w+)(?:\{\w+="([^"]*)"\})? (\S+)$/.exec(line);
    if (!match) continue;
    const [, name, label, value] = match;
    samples.set(label === undefined ? name : `${name} ${label}`, Number(value));
  }
  return samples;
}

/** Everything that is turned away is counted in one of these, by code. */
const FAMILIES: Readonly<Record<string, string>> = {
  wattle_broker_connect_refused_total: "connect",
  wattle_broker_dropped_total: "dropped",
  wattle_broker_publish_denied_total: "publish",
  wattle_broker_subscribe_denied_total: "subscribe",
  wattle_not_accepted_total: "message",
};

/** What rose between two readings: `connect TOKEN_TIME`, `message BAD_SIGNATURE` and so on. */
export function risen(before: Metrics, after: Metrics): Map<string, number> {
  const more = new Map<string, number>();
  for (const [key, value] of after) {
    const [name, code] = key.split(" ");
    const family = FAMILIES[name];
    const count = value - (before.get(key) ?? 0);
    if (family && code && count !== 0) more.set(`${family} ${code}`, count);
  }
  return more;
}

/** What must be as before where nothing of an attack was taken: the log, the ledger, the members. */
export const STATE = [
  "wattle_store_entries_total",
  "wattle_chain_height_blocks",
  "wattle_members",
  "wattle_readings_total",
  "wattle_orders_total",
  "wattle_transactions_total",
  "wattle_wallets_coins",
  "wattle_locked_coins",
  "wattle_minted_coins",
  "wattle_traded_watt_hours_total",
] as const;

/** Those of `STATE` that are not as they were. */
export function changed(before: Metrics, after: Metrics): string[] {
  return STATE.filter((name) => before.get(name) !== after.get(name));
}
