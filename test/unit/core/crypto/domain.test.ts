// SPDX-License-Identifier: Apache-2.0
/** Domain separation: what is hashed exactly, and which domains are refused. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { toHex } from "#core/codec/bytes";
import { domainHash } from "#core/crypto/domain";
import { nobleCrypto } from "#core/crypto/noble";
import { sodiumCrypto } from "#node/crypto/sodium";

const noble = nobleCrypto();
const sodium = sodiumCrypto();
const someBytes = fc.uint8Array({ maxLength: 80 });
/** Printable ASCII without the space, as domains are made of. */
const someDomain = fc
  .array(fc.integer({ min: 0x21, max: 0x7e }), { minLength: 1, maxLength: 64 })
  .map((codes) => String.fromCharCode(...codes));

test("SHA-256 over the domain, a zero byte and the parts", () => {
  fc.assert(
    fc.property(someDomain, fc.array(someBytes, { maxLength: 4 }), (domain, parts) => {
      const hash = createHash("sha256").update(domain, "latin1").update("\0", "latin1");
      for (const part of parts) hash.update(part);
      const expected = hash.digest("hex");
      assert.equal(toHex(domainHash(noble, domain, ...parts)), expected);
      assert.equal(toHex(domainHash(sodium, domain, ...parts)), expected);
    }),
  );
});

test("a domain cannot reach into the parts", () => {
  fc.assert(
    fc.property(someDomain, someDomain, someBytes, (domain, suffix, part) => {
      if (domain.length + suffix.length > 64) return;
      const longer = domainHash(sodium, domain + suffix, part);
      const shorter = domainHash(sodium, domain, Buffer.from(suffix, "latin1"), part);
      assert.notDeepEqual(longer, shorter);
    }),
  );
});

test("a known answer", () => {
  const answer = toHex(domainHash(sodium, "wattle/reading/1", Uint8Array.of(1, 2, 3)));
  const input = Buffer.from("776174746c652f72656164696e672f3100010203", "hex");
  assert.equal(answer, createHash("sha256").update(input).digest("hex"));
});

test("domains that are empty, too long, or not printable ASCII are our own bug", () => {
  for (const domain of ["", "a\0b", "a b", "wattle/größe", "a\n", "\u{1F600}", "x".repeat(65)]) {
    assert.throws(() => domainHash(sodium, domain), { code: "CRYPTO_DOMAIN" }, domain);
  }
});
