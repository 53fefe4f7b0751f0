// SPDX-License-Identifier: Apache-2.0
/** The demo with an authority, small: real processes, TLS, and what an operator types. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { SecureFacts } from "#host-sim/report/secure";
import { folder, wattle } from "../accept/harness.ts";

const quiet = () => {};

test("demo --secure: four nodes enrol, one is revoked, one expires, and the totals are right", async () => {
  const dir = folder("demo-secure");
  const args = ["--secure", "--nodes", "4", "--slots", "40", "--engine", "v8", "--report", dir];
  // The revocation comes before sunrise. Later, what the revoked one still owes would be waited for.
  const ran = await wattle(["demo", ...args, "--slot-timeout", "5"], quiet);
  assert.equal(ran.code, 0, ran.out + ran.err);
  const report = JSON.parse(readFileSync(join(dir, "report.json"), "utf8"));
  const facts: SecureFacts = report.secure;
  assert.deepEqual(
    facts.checks.filter(({ pass }) => !pass),
    [],
  );
  assert.ok(facts.checks.length >= 20);
  assert.deepEqual(facts.revoked.told, ["NOT_ENROLLED", "ENROL_PENDING", "CERT_REVOKED"]);
  assert.deepEqual(facts.expired.told, ["NOT_ENROLLED", "ENROL_PENDING", "CERT_EXPIRED"]);
  assert.equal(facts.expired.slot, 30);
  assert.equal(facts.expired.firstSlotWithout, 30);
  assert.ok(facts.revoked.slot >= 20 && facts.revoked.slot < 30, `slot ${facts.revoked.slot}`);
  assert.ok(report.tradedWh > 0 && report.tradedWh < report.tradableWh);
  const reasons = ["TOKEN_CLIENT", "TOKEN_GATEWAY", "TOKEN_MISSING", "TOKEN_TIME"];
  assert.deepEqual(Object.keys(facts.connectRefused).sort(), reasons);
  assert.match(facts.tls.version, /^TLSv1\.[23]$/);
  assert.match(readFileSync(join(dir, "index.html"), "utf8"), /<h2>Who took part<\/h2>/);
  // Every step is said as it is typed, and works as it was said.
  for (const step of ["authority init", "authority tls", "authority issue", "authority revoke"])
    assert.ok(
      ran.err.includes(`$ wattle ${step} --`) || ran.err.includes(`$ wattle ${step} `),
      step,
    );
  assert.equal(
    ran.err.match(/\$ wattle enrol approve home-0\d --claim [0-9A-Z]{4}-[0-9A-Z]{4} /g)?.length,
    4,
  );
  const listed = await wattle(
    ["authority", "list", "--revoked", "--key", join(dir, "secure/authority.key"), "--json"],
    quiet,
  );
  assert.deepEqual(
    JSON.parse(listed.out).certificates.map(({ id }: { id: string }) => id),
    [facts.revoked.id],
  );
  assert.deepEqual(secretsIn(dir), [
    "gateway.key",
    "operator.key",
    "secure/authority.key",
    "secure/tls/broker.key",
  ]);
});

test("demo --secure refuses what it has its own of, before it makes anything", async () => {
  const dir = join(folder("demo-secure"), "none");
  for (const more of [
    ["--broker", "mqtt://127.0.0.1:1"],
    ["--kill-gateway", "1"],
    ["--speed", "60"],
    ["--timing", "ex-ante"],
  ]) {
    const ran = await wattle(["demo", "--secure", ...more, "--report", dir], quiet);
    assert.equal(ran.code, 1, more.join(" "));
    assert.match(ran.err, /leave out --broker, --kill-gateway, --speed and --timing/);
  }
  assert.equal(existsSync(dir), false);
});

/** Files that only their owner may read. */
function secretsIn(dir: string): string[] {
  const names = readdirSync(dir, { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => name.endsWith(".key") && statSync(join(dir, name)).isFile())
    .filter((name) => (statSync(join(dir, name)).mode & 0o077) === 0)
    .sort();
}
