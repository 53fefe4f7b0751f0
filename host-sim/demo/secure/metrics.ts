// SPDX-License-Identifier: Apache-2.0
/** What a gateway turned away, by code, as its metrics say. */

export interface Metrics {
  notAccepted: Record<string, number>;
  connectRefused: Record<string, number>;
  publishDenied: Record<string, number>;
}

/** Reads them where the gateway's log says that they are. */
export async function metricsOf(gatewayLog: string): Promise<Metrics> {
  const urls = [...gatewayLog.matchAll(/^ +metrics (http:\S+)$/gm)].map(([, url]) => url);
  const url = urls.at(-1);
  if (url === undefined) throw new Error("the gateway's log names no metrics");
  const text = await (await fetch(url)).text();
  return {
    notAccepted: family(text, "wattle_not_accepted_total"),
    connectRefused: family(text, "wattle_broker_connect_refused_total"),
    publishDenied: family(text, "wattle_broker_publish_denied_total"),
  };
}

function family(text: string, name: string): Record<string, number> {
  const samples = text.matchAll(new RegExp(`^${name}\\{\\w+="([^"]*)"\\} (\\d+)$`, "gm"));
  return Object.fromEntries([...samples].map(([, code, count]) => [code, Number(count)]));
}
