// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { constants, randomBytes } from "node:crypto";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import fc from "fast-check";
import { ServerFlight } from "#meter/tls/flight";
import { judgeServer } from "#meter/tls/trust";
import { certificate, newKey, pem } from "#test/helpers/certificates";
import {
  type Fault,
  firstFlight,
  message,
  record,
  startTlsServer,
  type TlsServerOptions,
} from "#test/helpers/tls-server";
import { nodeSignatures } from "./crypto.ts";

const NOW_MS = Date.UTC(2026, 0, 1);
const CA = { subject: "authority", key: newKey() };
const authority = certificate({ ...CA, ca: true });

function identity(kind: "ec" | "rsa"): TlsServerOptions {
  const key = newKey(kind);
  const names = { dns: ["localhost"], ip: [[127, 0, 0, 1]] };
  const own = certificate({ subject: "broker", key, issuer: CA, ca: false, ...names });
  return { chain: [own, authority], key };
}
const EC = identity("ec");
const RSA = identity("rsa");
const POINT = Buffer.concat([Buffer.from([4]), randomBytes(64)]);

function newFlight(): ServerFlight {
  return new ServerFlight((chain) =>
    judgeServer(chain, { authority, host: "localhost", nowMs: NOW_MS }, nodeSignatures),
  );
}

function messages(options: TlsServerOptions): Buffer[] {
  return firstFlight(options, randomBytes(32), randomBytes(32), POINT);
}

/** The first fault of the messages, each in a record of its own. */
function faultOf(options: TlsServerOptions, flight = newFlight()): string | undefined {
  for (const one of messages(options)) {
    const fault = flight.record(record(22, one));
    if (fault) return fault;
  }
  return flight.clientsTurn ? undefined : "not the client's turn";
}

for (const options of [EC, RSA])
  test(`a whole handshake (${options.key.asymmetricKeyType}), in one record or in several`, () => {
    assert.equal(faultOf(options), undefined);
    const flight = newFlight();
    assert.equal(flight.record(record(22, Buffer.concat(messages(options)))), undefined);
    assert.equal(flight.clientsTurn, true);
    assert.equal(flight.key?.kind, options.key.asymmetricKeyType);
    flight.clientFinished();
    assert.equal(flight.record(record(20, Buffer.from([1]))), undefined);
    assert.equal(flight.open, false);
    assert.equal(flight.record(record(22, randomBytes(40))), undefined);
    assert.equal(flight.open, true);
    assert.equal(flight.record(record(23, randomBytes(40))), undefined);
    assert.equal(flight.record(record(22, randomBytes(40))), "order", "no second handshake");
    assert.equal(flight.record(record(21, randomBytes(26))), undefined);
  });

const REFUSED: [fault: Fault, why: string][] = [
  ["unsigned", "algorithm"],
  ["other-algorithm", "algorithm"],
  ["other-curve", "algorithm"],
  ["zeros", "message"],
  ["no-certificate", "order"],
  ["no-exchange", "order"],
  ["two-exchanges", "order"],
  ["swapped", "order"],
  ["cut-message", "message"],
  ["old-version", "message"],
];
for (const [fault, why] of REFUSED)
  test(`refused before the session sees it: ${fault}`, () => {
    for (const options of [EC, RSA]) assert.equal(faultOf({ ...options, fault }), why);
  });

test("alerts, data and a change of ciphers before their turn", () => {
  for (let said = 0; said <= 4; said++) {
    const start = () => {
      const flight = newFlight();
      for (const one of messages(EC).slice(0, said)) flight.record(record(22, one));
      return flight;
    };
    assert.equal(start().record(record(21, Buffer.from([1, 90]))), "alert");
    assert.equal(start().record(record(23, Buffer.from([0x20, 2, 0, 0]))), "order");
    assert.equal(start().record(record(20, Buffer.from([1]))), "order");
    assert.equal(start().record(record(24, Buffer.from([1]))), "order");
  }
});

test("after the client's Finished comes the change of ciphers, then one encrypted message", () => {
  const ready = () => {
    const flight = newFlight();
    flight.record(record(22, Buffer.concat(messages(EC))));
    flight.clientFinished();
    return flight;
  };
  assert.equal(ready().record(record(22, message(20, randomBytes(12)))), "order", "in the clear");
  assert.equal(ready().record(record(23, randomBytes(40))), "order");
  const changed = ready();
  changed.record(record(20, Buffer.from([1])));
  assert.equal(changed.record(record(23, randomBytes(40))), "order");
});

test("a request for a certificate is passed on once, and only in its place", () => {
  const request = message(13, Buffer.from([1, 64, 0, 2, 4, 3, 0, 0]));
  const [hello, certificates, exchange, done] = messages(EC);
  const run = (...all: Buffer[]) => newFlight().record(record(22, Buffer.concat(all)));
  assert.equal(run(hello, certificates, exchange, request, done), undefined);
  assert.equal(run(hello, certificates, exchange, request, request, done), "order");
  assert.equal(run(hello, request, certificates, exchange, done), "order");
});

test("no order of messages but the one gets to the client's turn", () => {
  const [hello, certificates, exchange, done] = messages(EC);
  const kinds = { hello, certificates, exchange, done };
  const names = Object.keys(kinds) as (keyof typeof kinds)[];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...names), { maxLength: 6 }), (order) => {
      const flight = newFlight();
      const refused = order.some((name) => flight.record(record(22, kinds[name])));
      const right = order.join() === names.join();
      assert.equal(!refused && flight.clientsTurn, right, order.join());
    }),
  );
});

test("bytes of any kind are refused or wait, and nothing is thrown", () => {
  const good = Buffer.concat(messages(EC));
  const changed = fc
    .tuple(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length))
    .map(([at, byte, end]) => {
      const copy = Buffer.from(good);
      copy[at] = byte;
      return copy.subarray(0, end);
    });
  fc.assert(
    fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 200 })), fc.nat(255), (body, type) => {
      newFlight().record(record(22, body));
      newFlight().record(record(type, body));
      newFlight().record(body);
    }),
    { numRuns: 500 },
  );
});

test("the helper's server is one that Node's TLS accepts, and refuses where it is to blame", async () => {
  const trial = async (options: TlsServerOptions) => {
    const server = await startTlsServer(options);
    try {
      return await new Promise<string>((resolve) => {
        // It does not know RFC 5746, as the SDK's client does not.
        const secureOptions = constants.SSL_OP_LEGACY_SERVER_CONNECT;
        const trusted = { servername: "localhost", ca: pem(authority), secureOptions };
        const settings = { host: "127.0.0.1", ...trusted };
        const socket = connectTls({ ...settings, port: server.port, maxVersion: "TLSv1.2" });
        socket.once("secureConnect", () => socket.write(Buffer.from([0x10, 0])));
        socket.once("data", (data) => resolve(data.toString("hex")));
        socket.on("error", (error) => resolve((error as NodeJS.ErrnoException).code ?? "error"));
        socket.once("close", () => resolve("closed"));
      });
    } finally {
      server.close();
    }
  };
  assert.equal(await trial(EC), "20020000");
  assert.equal(await trial(RSA), "20020000");
  for (const fault of ["unsigned", "other-signature", "bad-finished", "bad-record"] as const)
    assert.match(await trial({ ...EC, fault }), /^ERR_SSL_/, fault);
});
