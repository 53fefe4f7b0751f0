// SPDX-License-Identifier: Apache-2.0
/**
 * TLS on SDK-built nodes: they trade through Mosquitto over mqtts, find it again after a restart, and take no
 * server that is not the broker. What they refuse must not end them either.
 */
import { lookup } from "node:dns/promises";
import { writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { certificate, newKey, pem } from "#test/helpers/certificates";
import { FAULTS, startTlsServer, type TlsServer } from "#test/helpers/tls-server";
import { type Find, folder } from "../accept/harness.ts";
import { Area } from "./area.ts";
import { TlsBroker } from "./broker.ts";
import { Authority, type Files, type Kind } from "./certificates.ts";
import { powerOn, setUp, trade } from "./houses.ts";
import { freePort, type Parts, SimNode, until } from "./sim-node.ts";

const NAMES = `IP:127.0.0.1,DNS:${hostname()}`;
const AGAIN_MS = 60_000;
/** The time of day is asked for within ten seconds, and an attempt follows within five. */
const ATTEMPT_MS = 60_000;
/** Nodes that are tried at once. */
const BATCH = 7;
const ANY_KEY = "ab".repeat(32);

export async function tryTls(parts: Parts, find: Find): Promise<void> {
  const place = folder("sim-tls");
  const ec = new Authority(place, "ec", "ec");
  const rsa = new Authority(place, "rsa", "rsa");
  await overTls("ec", "127.0.0.1", ec, parts, find);
  await overTls("rsa", await ownName(), rsa, parts, find);
  await refusedByMosquitto(place, ec, parts, find);
  await refusedByRule(parts, find);
  await ownClock(parts, find);
}

/**
 * A name of this machine that leads to 127.0.0.1, or that address. Not `localhost`: it has an IPv6 address, too,
 * and the SDK's resolver on Linux gives up on a name whose first address is one.
 */
async function ownName(): Promise<string> {
  const name = hostname();
  const found = await lookup(name, { all: true }).catch(() => []);
  const leads = found.length > 0 && found.every(({ address }) => address === "127.0.0.1");
  return leads ? name : "127.0.0.1";
}

/** A gateway and two nodes, all of them on one TLS listener. */
async function overTls(
  kind: Kind,
  host: string,
  authority: Authority,
  parts: Parts,
  find: Find,
): Promise<void> {
  const place = folder(`sim-${kind}`);
  const broker = await TlsBroker.start(place, authority.server("broker", NAMES));
  const url = `mqtts://${host}:${broker.port}`;
  const area = new Area({ folder: place, broker: { url, ca: authority.pem } });
  const houses = await powerOn(parts, place);
  const { roof, house } = houses;
  try {
    await area.start();
    const set = (node: SimNode, name: string) => setUp(node, name, area, find, authority.pem);
    const [facts] = await Promise.all([set(roof, "roof"), set(house, "house")]);
    find(
      `${kind}: the fingerprint of ${host}'s authority is shown`,
      true,
      /^[0-9a-f]{16}$/.test(String(facts.ca)),
    );
    await trade(houses, find);
    if (kind === "ec") await restarted(broker, houses, find);
    find(
      `${kind}: refusals in the logs`,
      0,
      [roof, house].filter((one) => one.logged("tls-")).length,
    );
  } finally {
    await Promise.all([roof.powerOff(), house.powerOff()]);
    await area.stop();
    await broker.stop();
  }
}

async function restarted(
  broker: TlsBroker,
  { roof, house }: { roof: SimNode; house: SimNode },
  find: Find,
): Promise<void> {
  await broker.stop();
  for (const node of [roof, house])
    await node.reach("the broker's end is seen", AGAIN_MS, ({ link }) => link === "offline");
  const since = house.state?.slot ?? 0;
  await broker.start();
  const backMs = performance.now();
  for (const node of [roof, house])
    await node.reach("connected again", AGAIN_MS, ({ link }) => link === "online");
  const seconds = (performance.now() - backMs) / 1000;
  find("after the broker's restart both are back, s", "< 60", seconds.toFixed(1), seconds < 60);
  await house.reach("bought again", AGAIN_MS, ({ trade: last }) => (last?.slot ?? 0) > since);
  find("energy bought after the restart, Wh", "> 0", house.state!.trade!.energyWh, true);
}

/** One node that is to connect to `port`. */
async function node(parts: Parts, place: string, port: number, ca: string): Promise<SimNode> {
  const made = new SimNode(parts, join(place, `node-${port}`), await freePort());
  made.powerOn();
  const area = { url: `mqtts://127.0.0.1:${port}`, gatewayKey: ANY_KEY };
  await setUp(made, `node ${port}`, area, () => {}, ca);
  return made;
}

async function refusedByMosquitto(
  place: string,
  authority: Authority,
  parts: Parts,
  find: Find,
): Promise<void> {
  const other = new Authority(place, "other", "ec");
  const cases: [title: string, files: Files, fault: string][] = [
    ["of another authority", other.server("theirs", NAMES), "other-authority"],
    [
      "of another authority, the trusted one's certificate behind it",
      other.pretending("forged", NAMES, authority),
      "other-authority",
    ],
    ["over since 2021", authority.expired("old", NAMES), "expired"],
    ["for another name", authority.server("elsewhere", "DNS:broker.example"), "other-name"],
  ];
  await Promise.all(
    cases.map(async ([title, files, fault]) => {
      const broker = await TlsBroker.start(place, files);
      const one = await node(parts, place, broker.port, authority.pem);
      const wanted = `tls-refused fault=${fault}`;
      await until(wanted, ATTEMPT_MS, () => one.logged(wanted) || one.died !== undefined).catch(
        () => {},
      );
      find(`Mosquitto with a certificate ${title}`, wanted, saidOf(one));
      find("  the node connected", false, one.logged("mqtt-connected"));
      find("  the node goes on", true, one.died === undefined);
      await one.powerOff();
      await broker.stop();
    }),
  );
}

/** What the node said of TLS, without the time of its line. */
function saidOf(one: SimNode): string {
  const line = one.log.find((text) => text.includes("tls-")) ?? one.died ?? "nothing";
  return line.replace(/^.*?(tls-)/, "$1");
}

/** Servers that hold good certificates and break one rule of TLS each. */
async function refusedByRule(parts: Parts, find: Find): Promise<void> {
  const place = folder("sim-rogue");
  const authority = { subject: "authority", key: newKey() };
  const own = certificate({ ...authority, ca: true });
  const ca = join(place, "ca.pem");
  writeFileSync(ca, pem(own));
  const key = newKey();
  const names = { ip: [[127, 0, 0, 1]] };
  const server = certificate({ subject: "broker", key, issuer: authority, ca: false, ...names });
  const faults = [undefined, ...FAULTS];
  for (let at = 0; at < faults.length; at += BATCH)
    await Promise.all(
      faults.slice(at, at + BATCH).map(async (fault) => {
        const rogue = await startTlsServer({ chain: [server, own], key, ...(fault && { fault }) });
        const one = await node(parts, place, rogue.port, ca);
        await until("an answer", ATTEMPT_MS, () => {
          return (!fault && rogue.heard.length > 0) || one.logged("tls-") || one.died !== undefined;
        }).catch(() => {});
        judge(fault, rogue, one, find);
        await one.powerOff();
        rogue.close();
      }),
    );
}

/** Faults that come when the server has proved who it is. */
const AFTERWARDS = ["bad-record", "renegotiation"];

function judge(fault: string | undefined, rogue: TlsServer, one: SimNode, find: Find): void {
  const heard = rogue.heard.filter(({ data }) => data[0] === 0x10);
  const said = heard.map(({ secret }) => (secret ? "encrypted" : "in the clear")).join() || "no";
  const wanted = fault === undefined || AFTERWARDS.includes(fault) ? "encrypted" : "no";
  find(`server with ${fault ?? "no fault"}: MQTT's CONNECT`, wanted, said);
  if (fault !== undefined) find("  refused", "tls-…", saidOf(one), one.logged("tls-"));
  find("  the node goes on", true, one.died === undefined);
}

/** A certificate for twelve hours, and a node whose clock goes a day ahead. */
async function ownClock(parts: Parts, find: Find): Promise<void> {
  const place = folder("sim-clock");
  const authority = { subject: "authority", key: newKey() };
  const own = certificate({ ...authority, ca: true });
  const ca = join(place, "ca.pem");
  writeFileSync(ca, pem(own));
  const key = newKey();
  const digits = (atMs: number) => `${new Date(atMs).toISOString().replace(/[-:T]|\..*/g, "")}Z`;
  const dates = { from: digits(Date.now() - 3_600_000), to: digits(Date.now() + 12 * 3_600_000) };
  const names = { ip: [[127, 0, 0, 1]] };
  const wanted = { subject: "broker", key, issuer: authority, ca: false, ...names, ...dates };
  const server = await startTlsServer({ chain: [certificate(wanted)], key });
  const one = await node(parts, place, server.port, ca);
  try {
    await until("a first connection", ATTEMPT_MS, () => server.heard.length > 0);
    one.say({ press: "clock-step", byMs: 86_400_000 });
    await until("the step", ATTEMPT_MS, () => one.logged("time"));
    server.drop();
    await until("a refusal", ATTEMPT_MS, () => one.logged("tls-refused"));
    find(
      "a certificate for 12 h, by a clock that is a day ahead",
      "tls-refused fault=expired",
      saidOf(one),
    );
  } finally {
    await one.powerOff();
    server.close();
  }
}
