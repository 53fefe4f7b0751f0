// SPDX-License-Identifier: Apache-2.0
/**
 * The monitor's connection. A token is made for one gateway: who that is stands in `monitor/gateway`,
 * which everybody may read. So whoever has an operator's key connects twice: as nobody, to read that,
 * and then as the operator.
 */
import { randomBytes } from "node:crypto";
import { connect, type MqttClient } from "mqtt";
import { toHex } from "#core/codec/bytes";
import { Topics } from "#core/topics";
import { sodiumCrypto } from "../crypto/sodium.ts";
import { tokenPasswords } from "../mqtt/token.ts";

export interface MonitorLinkOptions {
  url: string;
  area: string;
  /** What is shown. */
  filters: readonly string[];
  /** The operator's secret key, and the file that it is from. */
  key?: { secretKey: Uint8Array; file: string };
  /** PEM of the authority of an mqtts broker. */
  ca?: string;
  username?: string;
  password?: string;
}

export interface MonitorLinkEvents {
  connected(): void;
  closed(): void;
  /** Something does not work, for people; a connection may be there all the same. */
  trouble(text: string): void;
  /** The broker shows who the gateway is, and no more; why, for people. */
  outsider(text: string): void;
  message(topic: string, payload: Uint8Array): void;
}

const RECONNECT_MS = 1000;
/** CONNACK: the token does not count; its key is not one of this gateway's operators (clients.ts). */
const BAD_TOKEN = 4;
const NOT_OPERATOR = 5;

const OUTSIDER =
  "seen as an outsider, who is shown no more than this. Give --key the operator.key that the " +
  "gateway made beside its own key";

export class MonitorLink {
  private readonly options: MonitorLinkOptions;
  private readonly events: MonitorLinkEvents;
  private readonly gatewayTopic: string;
  private readonly crypto = sodiumCrypto();
  private client: MqttClient;
  /** The gateway, hex, that did not take the key. */
  private refusedBy: string | undefined;
  private refusal = "";

  /** Connects, and again and again. @throws where the URL is none */
  constructor(options: MonitorLinkOptions, events: MonitorLinkEvents) {
    this.options = options;
    this.events = events;
    this.gatewayTopic = new Topics(options.area).monitor("gateway");
    this.client = this.asNobody();
  }

  end(): void {
    this.client.end(true);
  }

  private asNobody(): MqttClient {
    const { url, key, username, password, filters } = this.options;
    const mayProve = key !== undefined && password === undefined && !namesUser(url);
    const client = this.open(username, password === undefined ? undefined : () => password);
    client.on("message", (topic, payload) => {
      const gateway = topic === this.gatewayTopic ? gatewayOf(payload) : undefined;
      if (mayProve && gateway && gateway.publicKey !== this.refusedBy) this.prove(gateway);
      else this.events.message(topic, payload);
    });
    client.on("connect", () => {
      client.subscribe(this.gatewayTopic, { qos: 1 });
      if (mayProve && this.refusedBy === undefined) return;
      client.subscribe([...filters], { qos: 1 }, (error) => {
        if (error) this.events.outsider(this.refusal || OUTSIDER);
      });
    });
    return client;
  }

  /** Once more, as the operator. */
  private prove({ net, publicKey }: GatewayFacts): void {
    const { secretKey } = this.options.key!;
    const client = `monitor-${randomBytes(6).toString("hex")}`;
    const gatewayKey = Buffer.from(publicKey, "hex");
    const nowMs = () => Date.now();
    const source = { crypto: this.crypto, secretKey, net, gatewayKey, client, nowMs };
    this.become(() => this.asOperator(client, publicKey, tokenPasswords(source)));
  }

  private asOperator(id: string, gateway: string, password: () => Buffer): MqttClient {
    const client = this.open(undefined, password, id);
    client.on("connect", () => {
      client.subscribe([...this.options.filters], { qos: 1 }, (error) => {
        if (error) this.events.trouble(`the broker denies this area: ${error.message}`);
      });
    });
    client.on("message", (topic, payload) => this.events.message(topic, payload));
    client.on("error", (error) => {
      const { code } = error as { code?: unknown };
      if (code !== BAD_TOKEN && code !== NOT_OPERATOR) return;
      this.refusedBy = gateway;
      this.refusal = this.refusalText(code);
      this.become(() => this.asNobody());
    });
    return client;
  }

  private refusalText(code: number): string {
    const { secretKey, file } = this.options.key!;
    return code === NOT_OPERATOR
      ? `the gateway knows no operator ${toHex(this.crypto.publicKey(secretKey))} (${file}): give --key ` +
          "its own operator.key, or add this public key to operators in its configuration"
      : "the gateway took no token: set this machine's clock, which must be right to 90 s";
  }

  private become(make: () => MqttClient): void {
    this.client.removeAllListeners();
    this.client.on("error", () => {}); // whatever it still says
    this.client.end(true);
    this.client = make();
  }

  private open(
    username: string | undefined,
    password: (() => string | Buffer) | undefined,
    clientId = `monitor-${randomBytes(6).toString("hex")}`,
  ): MqttClient {
    const { url, ca } = this.options;
    const client = connect(url, {
      clientId,
      ...(!namesUser(url) && { username: username ?? clientId }),
      ...(password && { password: password() }),
      ...(ca !== undefined && { ca }),
      protocolVersion: 4,
      clean: true,
      keepalive: 30,
      reconnectPeriod: RECONNECT_MS,
    });
    // Each token counts once.
    if (password) client.on("reconnect", () => void (client.options.password = password()));
    client.on("connect", () => this.events.connected());
    client.on("close", () => this.events.closed());
    client.on("error", (error) =>
      this.events.trouble(String((error as NodeJS.ErrnoException).code ?? error.message)),
    );
    return client;
  }
}

/** Whether the URL has a user of its own, as for brokers that ask monitors for a password. */
function namesUser(url: string): boolean {
  return (URL.parse(url)?.username ?? "") !== "";
}

interface GatewayFacts {
  net: string;
  publicKey: string;
}

function gatewayOf(payload: Uint8Array): GatewayFacts | undefined {
  try {
    const facts = JSON.parse(Buffer.from(payload).toString("utf8")) as Partial<GatewayFacts> | null;
    const { net, publicKey } = facts ?? {};
    if (typeof net !== "string" || typeof publicKey !== "string") return undefined;
    return /^[0-9a-f]{64}$/.test(publicKey) ? { net, publicKey } : undefined;
  } catch {
    return undefined;
  }
}
