// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CborValue } from "#core/codec/cbor";
import { countingStore, memoryStore, PowerCut } from "#host-sim/fleet/store";
import type { KeyValueStore } from "#meter/ports";
import { defaultSettings, missingOf, SettingsStore } from "#meter/provision/settings";
import { readSealed, writeSealed } from "#meter/provision/two-slots";
import { AUTHORITY, DRIVERS, FULL, GATEWAY_KEY, restarted, seeded, TestDevice } from "./device.ts";

const { faults } = TestDevice;

/** What is refused, and what is said of it. */
const REFUSED: [pair: string, fault: string][] = [
  ["broker=gateway.local", "broker is no mqtt:// or mqtts:// URL"],
  ["broker=http://h", "broker is no mqtt:// or mqtts:// URL"],
  ["broker=mqtt://", "broker has no valid host name"],
  ["broker=mqtt://-h", "broker has no valid host name"],
  ["broker=mqtt://h:0", "broker has a port that is not 1 to 65535"],
  ["broker=mqtt://h:65536", "broker has a port that is not 1 to 65535"],
  ["broker=mqtt://me:secret@h", "broker has a user name or a password"],
  [`broker=mqtt://${"h".repeat(254)}`, "broker has no valid host name"],
  ["password=Küche", "password has other characters"],
  [`password=${"p".repeat(65)}`, "password is too long"],
  ["ntp=a..b/", "ntp is no valid host name"],
  ["net=a/b", "net has other characters"],
  ["area=a+b", "area has other characters"],
  [`area=${"a".repeat(41)}`, "area is longer than 40 characters"],
  ["name=_7", "name has other characters"],
  ['name="Küche"', "name has other characters"],
  ["gateway=abcd", "gateway is not 64 hex digits"],
  [`gateway=${"00".repeat(32)}`, "gateway is all zeros"],
  ["capacity=0", "capacity is not 1 to 1000000000"],
  ["capacity=1.5", "capacity is no whole number"],
  ["capacity=11kW", "capacity is a power, not an energy"],
  ["capacity=17250W", "capacity is a power, not an energy"],
  ["wallets=257", "wallets is not 1 to 256"],
  ["trade=maybe", "trade is none of the choices"],
  ["bid=0.1234567", "bid is no number of coins with at most six places"],
  ["offer=1001", "offer is more than 1000.000000"],
  ["driver=toaster", "driver is no driver of this firmware: it has bl0942, s0"],
  ["driver=constructor", "driver is no driver of this firmware: it has bl0942, s0"],
  ["direction=up", "direction is none of the choices"],
  ["cal.volt=1", "cal is no calibration value of the driver"],
  ["passphrase=hunter22", "word 1 is no setting"],
  ["area=a area=b", "word 2 sets it again"],
  ["area", "word 1 is not name=value"],
];

for (const [pair, fault] of REFUSED)
  test(`refused: ${pair.slice(0, 60)}`, () => {
    const device = new TestDevice();
    const before = JSON.stringify(device.command("show").settings);
    const answer = device.set(pair);
    assert.equal(answer.ok, false);
    assert.deepEqual(faults(answer), [fault]);
    assert.ok(answer.errors?.every(({ cure }) => cure.length > 5));
    assert.equal(JSON.stringify(device.command("show").settings), before);
    assert.deepEqual(device.changes, []);
  });

test("all faults are said at once, and nothing is set", () => {
  const device = new TestDevice();
  const answer = device.set("area=street", "capacity=x", "broker=x", "colour=red");
  assert.deepEqual(faults(answer), [
    "word 4 is no setting",
    "broker is no mqtt:// or mqtts:// URL",
    "capacity is no whole number",
  ]);
  assert.deepEqual(device.provisioner.missing().includes("area"), true);
});

test("the node's own key is not its gateway's", () => {
  const device = new TestDevice();
  const { publicKey } = device.command("show");
  assert.deepEqual(faults(device.set(`gateway=${publicKey}`)), ["gateway is this node's own key"]);
});

test("what is set is shown, kept over a start, and handed to the node", () => {
  const device = new TestDevice();
  const more = ["cal.volt=15873", "cal.phase=-120", "direction=reversed", "bid=0.25", "trade=yes"];
  const anchor = "5a".repeat(32);
  more.push(`authority=${anchor}`, 'meter="ACME 12"', "connection=17250W");
  assert.deepEqual(device.set(...FULL, ...more).missing, ["wifi", "ca"]);
  device.trust(AUTHORITY);
  const again = restarted(device.store);
  assert.deepEqual(again.command("show").settings, {
    broker: "mqtts://gateway.local:8883",
    ntp: "pool.ntp.org",
    net: "wattle",
    area: "street",
    name: "House_7",
    gateway: GATEWAY_KEY,
    authority: anchor,
    meter: "ACME 12",
    connection: "17250W",
    capacity: "4312Wh",
    wallets: 64,
    trade: "yes",
    bid: "0.250000",
    driver: "bl0942",
    direction: "reversed",
    "cal.volt": 15873,
    "cal.phase": -120,
  });
  assert.equal(again.provisioner.provisioned(), undefined, "Wi-Fi is missing");
  again.command("wifi Home secret-phrase --untried");
  const ready = again.provisioner.provisioned();
  assert.ok(ready && again.provisioner.identity.ok);
  const { gatewayKey, authority, ...node } = ready.node;
  assert.equal(Buffer.from(gatewayKey).toString("hex"), GATEWAY_KEY);
  assert.equal(Buffer.from(authority!).toString("hex"), anchor);
  const { claim } = again.command("claim");
  assert.deepEqual(node, {
    net: "wattle",
    area: "street",
    name: "House_7",
    secretKey: again.provisioner.identity.secretKey,
    capacityWh: 4312,
    wallets: 64,
    policy: { trade: true, bidMicro: 250_000, offerMicro: undefined },
    enrolment: { meter: "ACME 12", connectionW: 17_250, claim },
  });
  again.provisioner.onClaimed();
  assert.equal(again.provisioner.provisioned()!.node.enrolment!.claim, "", "it is spent");
  assert.deepEqual(ready.link, {
    wifi: { ssid: "Home", passphrase: "secret-phrase" },
    broker: {
      ...{ host: "gateway.local", port: 8883, tls: true, password: "" },
      authority: Uint8Array.from(AUTHORITY),
    },
    ntp: "pool.ntp.org",
  });
  const calibration = [
    { name: "volt", value: 15873 },
    { name: "phase", value: -120 },
  ];
  assert.deepEqual(ready.meter, { driver: "bl0942", calibration, reversed: true });
});

test("ports, plain MQTT and IPv6", () => {
  const device = new TestDevice();
  for (const [typed, shown] of [
    ["mqtt://10.0.0.2", "mqtt://10.0.0.2:1883"],
    ["mqtts://h.example:1234/", "mqtts://h.example:1234"],
    ["mqtt://[fe80::1]:99", "mqtt://[fe80::1]:99"],
  ]) {
    assert.equal(device.set(`broker=${typed}`).ok, true, typed);
    assert.equal((device.command("show").settings as Record<string, string>).broker, shown);
  }
});

test("an empty value is the default again", () => {
  const device = new TestDevice();
  device.set(...FULL, "ntp=time.local", "cal.volt=5", "cal.phase=1", "bid=1");
  device.set("ntp=", "area=", "gateway=", "bid=", "cal.volt=");
  const settings = device.command("show").settings as Record<string, unknown>;
  assert.equal(settings.ntp, "pool.ntp.org");
  assert.equal("area" in settings || "gateway" in settings || "bid" in settings, false);
  assert.deepEqual([settings["cal.volt"], settings["cal.phase"]], [undefined, 1]);
});

test("another driver forgets the calibration of the last, the same one keeps it", () => {
  const device = new TestDevice();
  const shown = () => device.command("show").settings as Record<string, unknown>;
  device.set("driver=bl0942", "cal.volt=5");
  device.set("driver=bl0942");
  assert.equal(shown()["cal.volt"], 5);
  assert.deepEqual(faults(device.set("driver=s0", "cal.volt=5")), [
    "cal is no calibration value of the driver",
  ]);
  device.set("driver=s0", "cal.pulses=1000");
  assert.deepEqual([shown()["cal.volt"], shown()["cal.pulses"]], [undefined, 1000]);
  assert.deepEqual(faults(device.set("cal.pulses=0")), ["cal.pulses is not 1 to 100000"]);
});

test("another gateway is another ledger: that is said", () => {
  const device = new TestDevice();
  assert.equal(device.set(...FULL).note, undefined);
  assert.equal(device.set("name=Other").note, undefined);
  assert.match(
    String(device.set(`gateway=${"cd".repeat(32)}`).note),
    /coins stay with the old one/,
  );
});

/** The area names, one for each save, and the one that a start then finds. */
function cutDuring(
  write: number,
  moment: string,
): { before: string; after: string; found: string } {
  const flash = memoryStore();
  restarted(flash, { entropy: seeded(3) }).set("area=a0");
  const store = countingStore(flash, (n, at) => {
    if (n === write && at === moment) throw new PowerCut("cut");
  });
  const settings = new SettingsStore(store, () => {});
  let before = "a0";
  let after = "a0";
  try {
    for (let i = 1; i <= 6; i++) {
      after = `a${i}`;
      settings.save({ ...settings.settings, area: after });
      before = after;
    }
  } catch (error) {
    assert.ok(error instanceof PowerCut);
  }
  const found = new SettingsStore(flash, () => {});
  assert.equal(found.lost, false);
  return { before, after, found: found.settings.area };
}

test("a power cut in any write leaves the old settings or the new ones, and both can be replaced", () => {
  for (let write = 1; write <= 6; write++) {
    const at = (moment: string) => cutDuring(write, moment);
    assert.equal(at("before").found, at("before").before);
    assert.equal(at("during").found, at("during").before);
    assert.equal(at("after").found, at("after").after);
  }
});

test("whatever is torn of the newest slot, the one before it counts, and the next save mends it", () => {
  const device = new TestDevice();
  device.set("area=old");
  device.set("area=new");
  const newest = ["c0", "c1"].find((key) =>
    Buffer.from(device.store.get(key)!).includes("new"),
  ) as string;
  const whole = device.store.get(newest)!;
  for (let kept = 0; kept < whole.length; kept++) {
    const store = copyOf(device.store);
    store.set(newest, whole.slice().fill(0xff, kept));
    const found = new SettingsStore(store, () => {});
    assert.equal(found.settings.area, "old", `${kept} bytes kept`);
    found.save({ ...found.settings, area: "next" });
    assert.equal(new SettingsStore(store, () => {}).settings.area, "next");
  }
});

test("a password is kept and never said; without one, firmware before it can read the settings", () => {
  const device = new TestDevice();
  const formatOf = (store: KeyValueStore) =>
    ["c0", "c1"]
      .map((key) => readSealed(store, key) as [number, [number, number, CborValue[]]])
      .sort(([a], [b]) => b - a)[0][1][0];
  device.set(...FULL);
  device.set("bid=0.2");
  assert.equal(formatOf(device.store), 2);
  const shown = () => JSON.stringify(device.command("show"));
  const answer = device.set("password=6a1f0e");
  assert.equal((device.command("show").settings as Record<string, unknown>).password, "set");
  for (const said of [JSON.stringify(answer), shown()]) assert.ok(!said.includes("6a1f0e"), said);
  assert.equal(formatOf(device.store), 3);
  device.trust(AUTHORITY);
  device.command("wifi Home secret-phrase --untried");
  const again = restarted(device.store);
  assert.equal(again.provisioner.provisioned()!.link.broker.password, "6a1f0e");
  again.set("password=");
  assert.equal(new SettingsStore(again.store, () => {}).settings.password, "");
  again.set("area=other");
  assert.equal(formatOf(again.store), 2);
});

test("settings of the first firmware are read, with no authority", () => {
  const device = new TestDevice();
  device.set("area=old", "connection=17250W");
  const store = copyOf(device.store);
  for (const key of ["c0", "c1"]) {
    const stored = readSealed(store, key);
    if (typeof stored === "string") continue;
    const [count, [, unfinished, fields]] = stored as [number, [number, number, CborValue[]]];
    writeSealed(store, key, [count, [1, unfinished, fields.slice(0, -3)]]);
  }
  const found = new SettingsStore(store, () => {});
  assert.deepEqual(
    [found.lost, found.settings.area, found.settings.connectionW],
    [false, "old", 0],
  );
  found.save({ ...found.settings, connectionW: 9 });
  assert.equal(new SettingsStore(store, () => {}).settings.connectionW, 9);
});

function copyOf(store: KeyValueStore): KeyValueStore {
  const copy = memoryStore();
  for (const key of store.keys("")) copy.set(key, store.get(key)!);
  return copy;
}

test("settings that cannot be read at all are said to be lost, and the defaults hold", () => {
  const device = new TestDevice();
  device.set(...FULL);
  device.set("area=other");
  for (const key of ["c0", "c1"]) device.store.set(key, Uint8Array.of(1, 2, 3, 4, 5, 6));
  const again = restarted(device.store);
  assert.match(String(again.command("show").lost), /cannot be read/);
  assert.deepEqual(again.provisioner.missing(), [
    ...["wifi", "broker", "area", "name", "gateway", "capacity", "driver"],
  ]);
  assert.ok(again.logs.some((line) => line.startsWith("error settings-lost")));
  again.set("area=x");
  assert.equal(restarted(device.store).command("show").lost, undefined);
});

test("a board with one driver needs none set, one without Wi-Fi no network", () => {
  assert.equal(Object.keys(DRIVERS).length, 2);
  const device = new TestDevice({ wifi: null });
  assert.equal(device.provisioner.missing().includes("wifi"), false);
  assert.equal(device.provisioner.missing().includes("driver"), true);
  assert.deepEqual(faults(device.command("wifi Home secret-phrase")), [
    "wifi is not on this board",
  ]);
});

test("a firmware without the driver that is set misses it, and takes its own where none is set", () => {
  const board = { wifi: false, drivers: { s0: [] } };
  const missing = (driver: string) => missingOf({ ...defaultSettings(), driver }, board, undefined);
  assert.equal(missing("bl0942").includes("driver"), true);
  for (const driver of ["s0", ""]) assert.equal(missing(driver).includes("driver"), false);
});

test("a node that is to borrow keeps it over a start; others are stored as before", () => {
  const device = new TestDevice();
  device.set(...FULL);
  const shown = () => device.command("show").settings as Record<string, unknown>;
  assert.equal(shown().borrow, undefined);
  assert.deepEqual(faults(device.set("borrow=often")), ["borrow is none of the choices"]);
  assert.equal(faults(device.set("loan=0")).length, 1);
  device.set("borrow=always", "loan=12.5");
  const again = restarted(device.store);
  const { borrow, loan } = again.command("show").settings as Record<string, unknown>;
  assert.deepEqual([borrow, loan], ["always", "12.500000"]);
  device.trust(AUTHORITY);
  const ready = restarted(device.store);
  ready.command("wifi Home secret-phrase --untried");
  assert.deepEqual(ready.provisioner.provisioned()?.node.policy.credit, {
    borrow: "always",
    capMicro: 12_500_000,
    alphaMaxPpm: 350_000,
    repay: "income",
  });
});
