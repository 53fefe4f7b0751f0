// SPDX-License-Identifier: Apache-2.0
/** Further gateways in a node's settings. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AUTHORITY, FULL, restarted, TestDevice } from "./device.ts";

const { faults } = TestDevice;

const PLACE2 = `mqtts://gw2.local:8884,street-2,${"cd".repeat(32)}`;
const PLACE4 = `mqtt://192.168.1.9:1883,street-4,${"ef".repeat(32)}`;

test("further gateways: in turn, with their areas and keys, and kept over a start", () => {
  const device = new TestDevice();
  device.set(...FULL, "password=6a1f0e");
  device.trust(AUTHORITY);
  device.command("wifi Home secret-phrase --untried");
  device.set(`gateway2=${PLACE2}`, `gateway4=${PLACE4}`);
  const shown = restarted(device.store).command("show").settings as Record<string, unknown>;
  assert.deepEqual([shown.gateway2, shown.gateway3, shown.gateway4], [PLACE2, undefined, PLACE4]);
  const at = (place: number) => {
    const again = restarted(device.store);
    again.provisioner.moveTo(place, 0);
    const { node, link, roaming } = restarted(device.store).provisioner.provisioned()!;
    assert.deepEqual(
      node.gateways?.map((key) => key[0]),
      [0xab, 0xcd, 0xef],
    );
    const { host, port, tls, password } = link.broker;
    return [node.area, node.gatewayKey[0], host, port, tls, password, roaming.place, roaming.next];
  };
  assert.deepEqual(at(0), ["street", 0xab, "gateway.local", 8883, true, "6a1f0e", 0, 1]);
  assert.deepEqual(at(1), ["street-2", 0xcd, "gw2.local", 8884, true, "", 1, 3]);
  assert.deepEqual(at(3), ["street-4", 0xef, "192.168.1.9", 1883, false, "", 3, 0]);
  // One that is gone is its own gateway again.
  assert.deepEqual(at(2).slice(0, 2), ["street", 0xab]);
  const again = restarted(device.store);
  again.provisioner.moveTo(3, 2);
  again.set("bid=0.2");
  assert.equal(restarted(device.store).provisioner.provisioned()!.roaming.place, 0);
  again.set("gateway2=", "gateway4=");
  const { node, roaming } = restarted(device.store).provisioner.provisioned()!;
  assert.deepEqual([node.gateways, roaming], [undefined, { place: 0, next: 0, flights: 0 }]);
});

test("further gateways that cannot be are refused, and nothing of them is said again", () => {
  const device = new TestDevice();
  const key = "cd".repeat(32);
  const wrong = [
    [`mqtts://gw2,street-2`, /is not a URL, an area and a key/],
    [`http://gw2,street-2,${key}`, /is no mqtt:\/\/ or mqtts:\/\/ URL: the URL/],
    [`mqtt://me:secret@gw2,street-2,${key}`, /user name or a password: the URL/],
    [`mqtt://gw2,street 2,${key}`, /has other characters: the area/],
    [`mqtt://gw2,street-2,${key}00`, /is not 64 hex digits: the key/],
    [`mqtt://gw2,street-2,${key},more`, /is not a URL, an area and a key/],
  ] as const;
  for (const [text, fault] of wrong) {
    const answer = device.command(`set gateway2="${text}"`);
    assert.equal(answer.ok, false);
    assert.match(faults(answer).join(), fault);
    assert.ok(!JSON.stringify(answer).includes("secret"));
  }
});

test("a node at a plain broker with a further one on TLS needs the authority", () => {
  const device = new TestDevice();
  device.set(...FULL);
  device.set("broker=mqtt://gateway.local");
  assert.equal(device.provisioner.missing().includes("ca"), false);
  device.set(`gateway3=${PLACE2}`);
  assert.equal(device.provisioner.missing().includes("ca"), true);
});

test("keys without a place, and a count: all gateways of the consortium, or that they are not all", () => {
  const device = new TestDevice();
  device.set(...FULL);
  device.trust(AUTHORITY);
  device.command("wifi Home secret-phrase --untried");
  const key = (i: number) => (0x10 + i).toString(16).repeat(32);
  const seven = [0, 1, 2, 3, 4, 5, 6].map(key).join(",");
  const known = () => {
    const { node } = restarted(device.store).provisioner.provisioned()!;
    return [node.gateways?.length, node.gatewayCount];
  };
  // A consortium of eleven in two lines.
  device.set(`gateway2=${PLACE2}`, `gateway4=${PLACE4}`);
  device.set(`keys=${seven}`);
  assert.equal((device.command("show").settings as Record<string, unknown>).keys, seven);
  assert.deepEqual(known(), [10, undefined]);
  device.set("gateways=10");
  assert.deepEqual(known(), [10, undefined]);
  device.set("gateways=51");
  assert.deepEqual(known(), [10, 51]);
  // Each once: one that has a place, and the node's own gateway.
  device.set(`keys=${"cd".repeat(32)},${"ab".repeat(32)}`);
  assert.deepEqual(known(), [3, 51]);
  device.set("keys=", "gateway2=", "gateway4=");
  assert.deepEqual(known(), [1, 51]);
  device.set("gateways=");
  assert.deepEqual(known(), [undefined, undefined]);
  for (const [text, fault] of [
    [`keys=${seven},${key(7)}`, /longer than 512 bytes|more than 7 keys/],
    [`keys=${key(0)},12`, /is not 64 hex digits: one of the keys/],
    ["gateways=65", /is not 1 to 64/],
    ["gateways=some", /is no whole number/],
  ] as const) {
    const answer = device.command(`set ${text}`);
    assert.equal(answer.ok, false);
    assert.match(faults(answer).join(), fault);
  }
});
