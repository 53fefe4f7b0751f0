// SPDX-License-Identifier: Apache-2.0
/** The way of a meter and a gateway through the authority, each command as a process of its own. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { toHex } from "#core/codec/bytes";
import { decodePublicKey } from "#core/crypto/boneh-boyen/keys";
import { createVerifier } from "#core/crypto/boneh-boyen/verify";
import { openAuthority, openGatewayCertificate, openRevocations } from "#core/trust/anchor";
import { DOMAIN, openCertificate } from "#core/trust/certificate";
import { CODE, crypto, idOf, PASSPHRASE, requestBytes, secretOf, tempFolder } from "./tools.ts";

const at = tempFolder();
const wattle = fileURLToPath(new URL("../../../../bin/wattle.js", import.meta.url));

/** `wattle authority …args` in the folder. */
function authority(
  args: string[],
  passphrase = PASSPHRASE,
): Promise<{ code: number; said: string; failed: string }> {
  const { promise, resolve } = Promise.withResolvers<{
    code: number;
    said: string;
    failed: string;
  }>();
  const env = { ...process.env, WATTLE_PASSPHRASE: passphrase };
  const child = execFile(
    process.execPath,
    [wattle, "authority", ...args],
    { cwd: at(), env },
    (_, said, failed) => resolve({ code: child.exitCode ?? -1, said, failed }),
  );
  return promise;
}

const read = (name: string) => Uint8Array.from(readFileSync(at("identity", name)));

test("from nothing to a gateway's folder with one node certified and one revoked", async () => {
  const short = await authority(["init", "--net", "testnet", "--name", "a"], "too short");
  assert.deepEqual([short.code, readdirSync(at())], [2, []], short.failed);
  assert.match(short.failed, /the passphrase has 9 characters\. Give at least 12/);
  const made = await authority(["init", "--net", "testnet", "--name", "Street", "--json"]);
  assert.equal(made.code, 0, made.failed);
  const { anchorKey: anchor } = JSON.parse(made.said);
  assert.equal(readFileSync(at("authority.key"))[9], 17, "scrypt's N is 2^17");

  for (const number of [1, 2]) writeFileSync(at(`${number}.enrol`), requestBytes(number));
  const out = ["--out", "identity"];
  const issue = (...args: string[]) => authority(["issue", ...args, ...out]);
  const node = await issue("--request", "1.enrol", "--claim", CODE);
  assert.match(node.said, /serial 1: node/, node.failed);
  assert.equal((await issue("--request", "2.enrol")).code, 0);
  const key = toHex(crypto.publicKey(secretOf(9)));
  const gateway = await issue("--gateway", key, "--area", "street");
  assert.match(gateway.said, /serial 3: gateway/, gateway.failed);
  const wrong = await authority(["revoke", "2", "--reason", "key", ...out], "not this one");
  assert.deepEqual([wrong.code, wrong.said], [2, ""]);
  assert.match(wrong.failed, /the passphrase is wrong/);
  assert.equal((await authority(["revoke", idOf(2), "--reason", "key", ...out])).code, 0);
  const exported = await authority(["export", ...out]);
  assert.match(exported.said, /certificates of 1 nodes\n {2}gateway\.cert: serial 3, area street/);
  const list = await authority(["list"], "");
  assert.match(list.said, /valid\n.*revoked: key\n.*valid\n3 of 3 certificates/s, list.failed);

  const anchorKey = Uint8Array.from(Buffer.from(anchor, "hex"));
  const record = openAuthority(crypto, read("authority.cbor"), anchorKey);
  assert.ok(record.ok);
  const sealKey = decodePublicKey(record.value.sealKey);
  assert.ok(sealKey);
  const verifier = createVerifier(sealKey, { windowBits: 1 });
  for (const name of ["1.cert", "gateway.cert"]) {
    const opened = openCertificate(crypto, read(name));
    assert.ok(opened.ok && verifier.verify(DOMAIN, opened.record, opened.seal), name);
  }
  assert.ok(openGatewayCertificate(crypto, read("gateway.cert"), anchorKey).ok);
  const revoked = openRevocations(crypto, read("revoked-nodes.cbor"), anchorKey, "testnet");
  assert.ok(revoked.ok && revoked.value.revoked[0].serial === 2);
});
