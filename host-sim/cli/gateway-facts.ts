// SPDX-License-Identifier: Apache-2.0
/** What a fleet has to know of the gateway it joins, as that says itself in its retained monitor topic. */
import mqtt from "mqtt";
import { fromHex } from "#core/codec/bytes";
import { Topics } from "#core/topics";

export interface GatewayFacts {
  net: string;
  publicKey: Uint8Array;
  slotSeconds: number;
  worldStartMs: number;
}

const WAIT_MS = 20_000;

/**
 * Reads `monitor/gateway`, which everybody may; rejects with cause and cure where nobody answers in time.
 * @param ca PEM of the authority of an mqtts broker
 */
export async function readGatewayFacts(
  url: string,
  area: string,
  ca?: string,
): Promise<GatewayFacts> {
  const topic = new Topics(area).monitor("gateway");
  const id = `monitor-nodes-${process.pid}`;
  const client = mqtt.connect(url, {
    clientId: id,
    username: id,
    protocolVersion: 4,
    ...(ca !== undefined && { ca }),
  });
  try {
    return await new Promise<GatewayFacts>((resolve, reject) => {
      let last = "";
      const timer = setTimeout(
        () =>
          reject(
            new Error(
              `no gateway of area "${area}" answered at ${url} within ${WAIT_MS / 1000} s` +
                `${last ? ` (${last})` : ""}: is it running, and is the area's name right?`,
            ),
          ),
        WAIT_MS,
      );
      client.on("error", (error) => {
        last = error.message;
      });
      client.on("connect", () => client.subscribe(topic, { qos: 1 }));
      client.on("message", (_topic, payload) => {
        const facts = parse(payload.toString("latin1"));
        if (!facts) return;
        clearTimeout(timer);
        resolve(facts);
      });
    });
  } finally {
    await client.endAsync(true);
  }
}

function parse(text: string): GatewayFacts | undefined {
  try {
    const { net, publicKey, slotSeconds, worldStartMs, state } = JSON.parse(text);
    const key = fromHex(String(publicKey));
    if (state !== "online" || typeof net !== "string" || key?.length !== 32) return undefined;
    return {
      net,
      publicKey: key,
      slotSeconds: Number(slotSeconds),
      worldStartMs: Number(worldStartMs),
    };
  } catch {
    return undefined;
  }
}
