// SPDX-License-Identifier: Apache-2.0
/** Simulated nodes that ask an authority: their options, what follows from them, and the way into XS. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Command } from "commander";
import { addEnrolmentOptions } from "#host-sim/cli/enrolment";
import { decodeConfig, encodeConfig } from "#host-sim/fleet/abi-config";
import { claimOf, withEnrolment } from "#host-sim/setup";
import type { NodeConfig } from "#meter/config";
import { claimCode } from "#node/authority/requests";
import { TestAuthority } from "#test/helpers/authority";
import { crypto } from "#test/helpers/local-area";

const dir = mkdtempSync(join(tmpdir(), "wattle-enrolment-"));
after(() => rmSync(dir, { recursive: true, force: true }));
const authority = new TestAuthority("test");
const CONFIG: NodeConfig = Object.freeze({
  ...{ net: "test", area: "a", name: "m", wallets: 2, capacityWh: 1001, policy: { trade: true } },
  secretKey: new Uint8Array(32).fill(1),
  gatewayKey: new Uint8Array(32).fill(2),
});

/** The options that `args` give, or why they give none. */
function parse(several: boolean, ...args: string[]) {
  const command = new Command("x").exitOverride().configureOutput({ writeErr: () => {} });
  addEnrolmentOptions(command, several);
  try {
    return command.parse(args, { from: "user" }).opts();
  } catch (error) {
    return (error as Error).message;
  }
}

test("an authority is given by its anchor key or its record, and nothing else", () => {
  const { anchorKey } = authority;
  const record = join(dir, "authority.cbor");
  writeFileSync(record, authority.record());
  assert.deepEqual(parse(true, "--authority", Buffer.from(anchorKey).toString("hex")), {
    authority: anchorKey,
  });
  assert.deepEqual(parse(false, "--authority", record), { authority: anchorKey });
  const spoilt = authority.record();
  spoilt[spoilt.length - 1] ^= 1;
  const files: [string, Uint8Array, RegExp][] = [
    ["spoilt", spoilt, /No authority's record \(BAD_SIGNATURE\)\. Give the anchor key/],
    ["empty", new Uint8Array(0), /No authority's record \(MALFORMED\)/],
    ["long", new Uint8Array(1_000_000), /No authority's record \(/],
    ["cert", authority.issue(anchorKey), /No authority's record \(/],
  ];
  for (const [name, bytes, expected] of files) {
    writeFileSync(join(dir, name), bytes);
    assert.match(String(parse(true, "--authority", join(dir, name))), expected);
  }
  assert.match(String(parse(true, "--authority", join(dir, "none"))), /ENOENT\. Give the anchor/);
  assert.match(String(parse(true, "--authority", "abcd")), /ENOENT/);
});

test("meters and connections are bounded", () => {
  assert.deepEqual(parse(false, "--meter", "ACME 77", "--connection-w", "17250"), {
    meter: "ACME 77",
    connectionW: 17_250,
  });
  assert.deepEqual(parse(false), {});
  assert.match(String(parse(false, "--meter", "x".repeat(41))), /at most 40 ASCII/);
  assert.match(String(parse(true, "--meter", "x".repeat(36))), /at most 35 ASCII/);
  assert.match(String(parse(true, "--meter", "Zähler")), /ASCII/);
  assert.match(String(parse(true, "--connection-w", "0")), /whole number from 1/);
});

test("without options a node asks for nothing; with one of them it asks for what it needs", () => {
  assert.equal(withEnrolment(crypto, CONFIG, 900, {}), CONFIG);
  const claim = claimOf(crypto, CONFIG.secretKey);
  assert.equal(claimCode(claim), claim, "as an operator types it");
  assert.notEqual(claimOf(crypto, CONFIG.gatewayKey), claim);
  const anchored = withEnrolment(crypto, CONFIG, 900, { authority: authority.anchorKey }, 3);
  assert.deepEqual(anchored, {
    ...CONFIG,
    authority: authority.anchorKey,
    enrolment: { meter: "", connectionW: 4004, claim },
  });
  assert.deepEqual(withEnrolment(crypto, CONFIG, 7, { meter: "M" }, 3).enrolment, {
    meter: "M-3",
    connectionW: 514_800,
    claim,
  });
  const own = withEnrolment(crypto, CONFIG, 900, { meter: "M", connectionW: 9 });
  assert.deepEqual(own, { ...CONFIG, enrolment: { meter: "M", connectionW: 9, claim } });
  for (const slotSeconds of [1, 7, 60, 900, 3600, 86_400]) {
    const { connectionW } = withEnrolment(crypto, CONFIG, slotSeconds, { meter: "" }).enrolment!;
    const fits = (watts: number) => Math.floor((watts * slotSeconds) / 3600) >= CONFIG.capacityWh;
    assert.ok(fits(connectionW) && !fits(connectionW - 1), `${slotSeconds} s`);
  }
});

test("a node on XS gets the same configuration", () => {
  const priced = { trade: false, bidMicro: 5, offerMicro: 0 };
  const enrolment = { meter: "ACME 77", connectionW: 1_000_000_000, claim: "7K2M-9QX4" };
  for (const config of [
    CONFIG,
    { ...CONFIG, policy: priced },
    { ...CONFIG, authority: authority.anchorKey },
    { ...CONFIG, enrolment },
    { ...CONFIG, policy: priced, authority: authority.anchorKey, enrolment },
  ])
    assert.deepEqual(decodeConfig(encodeConfig(config)), config);
});
