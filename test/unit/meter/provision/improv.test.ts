// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  decodeRpc,
  decodeWifi,
  encodePacket,
  encodeRpcResult,
  ImprovDecoder,
  PacketType,
} from "#meter/provision/improv";
import { decodeUtf8, encodeUtf8 } from "#meter/provision/utf8";
import { decodeResult, encodeRpc, ImprovStream, Rpc } from "#node/cli/improv-client";
import { Rng } from "#test/property/rng";

/** "IMPROV", version 1, RPC command, two bytes: request current state; 485 mod 256 is 0xe5. */
const ASK_STATE = Uint8Array.of(0x49, 0x4d, 0x50, 0x52, 0x4f, 0x56, 1, 3, 2, 2, 0, 0xe5);

interface Heard {
  text: string;
  packets: string[];
  faults: number;
}

function listener(): { decoder: ImprovDecoder; heard: Heard } {
  const heard: Heard = { text: "", packets: [], faults: 0 };
  const decoder = new ImprovDecoder({
    text: (byte) => void (heard.text += String.fromCharCode(byte)),
    packet: (type, data) => void heard.packets.push(`${type}:${Buffer.from(data).toString("hex")}`),
    fault: () => void heard.faults++,
  });
  return { decoder, heard };
}

function pushAll(decoder: ImprovDecoder, bytes: Uint8Array): void {
  for (const byte of bytes) decoder.push(byte);
}

test("a request for the state is these bytes", () => {
  assert.deepEqual(encodePacket(PacketType.rpcCommand, [2, 0]), ASK_STATE);
  assert.deepEqual(Uint8Array.from(encodeRpc(Rpc.state)), Uint8Array.of(...ASK_STATE, 10));
});

test("the specification's example of Wi-Fi settings", () => {
  const { decoder, heard } = listener();
  pushAll(decoder, encodeRpc(Rpc.wifi, ["MyWirelessAP", "mysecurepassword"]));
  assert.equal(heard.text, "\n");
  const [packet] = heard.packets;
  const text = (s: string) => Buffer.from(s).toString("hex");
  assert.equal(packet, `3:011e0c${text("MyWirelessAP")}10${text("mysecurepassword")}`);
  const rpc = decodeRpc(Buffer.from(packet.slice(2), "hex"));
  assert.ok(rpc);
  assert.deepEqual(decodeWifi(rpc.body), { ssid: "MyWirelessAP", passphrase: "mysecurepassword" });
});

test("packets are found between text, and text is handed on whole", () => {
  const { decoder, heard } = listener();
  const parts = [
    "I (123) IMPROVING IMP\n",
    ASK_STATE,
    "wattle show\n",
    ASK_STATE,
    ASK_STATE,
    "IMPRO\n",
  ];
  for (const part of parts) pushAll(decoder, typeof part === "string" ? Buffer.from(part) : part);
  assert.equal(heard.text, "I (123) IMPROVING IMP\nwattle show\nIMPRO\n");
  assert.deepEqual(heard.packets, ["3:0200", "3:0200", "3:0200"]);
  assert.equal(heard.faults, 0);
});

test("a wrong checksum is a fault, and no byte of the packet becomes text", () => {
  const { decoder, heard } = listener();
  const evil = encodePacket(PacketType.rpcCommand, Buffer.from("\nwattle reset identity --yes\n"));
  evil[evil.length - 1] ^= 1;
  pushAll(decoder, evil);
  pushAll(decoder, ASK_STATE);
  assert.deepEqual(heard, { text: "", packets: ["3:0200"], faults: 1 });
});

test("a packet inside one that never ended is found, at once or after a pause", () => {
  const broken = encodePacket(PacketType.rpcCommand, new Uint8Array(40)).slice(0, 12);
  const first = listener();
  pushAll(first.decoder, broken);
  pushAll(first.decoder, ASK_STATE);
  assert.deepEqual(first.heard.packets, [], "its bytes may still be data");
  first.decoder.idle();
  assert.deepEqual(first.heard, { text: "", packets: ["3:0200"], faults: 1 });
  const second = listener();
  pushAll(second.decoder, broken);
  second.decoder.idle();
  pushAll(second.decoder, Buffer.from("wattle show\n"));
  assert.equal(second.heard.text, "wattle show\n", "text after the pause is text again");
});

test("a version that is not 1 is text", () => {
  const { decoder, heard } = listener();
  const other = ASK_STATE.slice();
  other[6] = 2;
  pushAll(decoder, other);
  assert.equal(heard.packets.length, 0);
  assert.equal(heard.text.length, other.length);
});

test("the longest packet fits, one byte more is a bug", () => {
  const { decoder, heard } = listener();
  pushAll(decoder, encodePacket(4, new Uint8Array(255).fill(0x49)));
  assert.equal(heard.packets[0].length, 2 + 2 * 255);
  assert.throws(() => encodePacket(4, new Uint8Array(256)), /IMPROV_LENGTH/);
  assert.throws(() => encodeRpcResult(1, ["x".repeat(200), "y".repeat(60)]), /IMPROV_LENGTH/);
});

test("commands whose lengths do not fit are none", () => {
  for (const bytes of [[], [1], [1, 1], [1, 0, 0], [1, 3, 2, 65]])
    assert.equal(decodeRpc(Uint8Array.from(bytes)), undefined, String(bytes));
  for (const body of [[], [1], [1, 65], [1, 65, 2, 66], [1, 65, 0, 0], [1, 0xff, 0]])
    assert.equal(decodeWifi(Uint8Array.from(body)), undefined, String(body));
  assert.deepEqual(decodeWifi(Uint8Array.of(1, 65, 0)), { ssid: "A", passphrase: "" });
});

test("results of the device are read by the client", () => {
  const strings = ["Wattle", "", "Küche 🔌", "x".repeat(100)];
  const data = Buffer.from(encodeRpcResult(3, strings));
  assert.deepEqual(decodeResult(data), { command: 3, strings });
  assert.equal(decodeResult(data.subarray(0, data.length - 1)), undefined);
});

test("UTF-8 agrees with Node's, and what is none is refused", () => {
  for (const text of ["", "abc", "é", "€", "𐍈", "\u07ff\u0800\uffff\u{10000}\u{10ffff}"]) {
    assert.deepEqual(encodeUtf8(text), Uint8Array.from(Buffer.from(text)));
    assert.equal(decodeUtf8(Buffer.from(text)), text);
  }
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const rng = new Rng(7);
  for (let i = 0; i < 20_000; i++) {
    const bytes = Uint8Array.from({ length: rng.below(6) }, () =>
      rng.pick([rng.below(128), 0x80 + rng.below(64), 0xc0 + rng.below(64)]),
    );
    let expected: string | undefined;
    try {
      expected = strict.decode(bytes);
    } catch {
      expected = undefined;
    }
    assert.equal(decodeUtf8(bytes), expected, Buffer.from(bytes).toString("hex"));
  }
});

/** Packets and text in any order, with one thing wrong. */
function corrupted(rng: Rng): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let i = rng.below(4); i >= 0; i--) {
    const data = rng.bytes(rng.pick([0, 1, 2, 30, 255]));
    parts.push(rng.below(2) ? encodePacket(rng.below(6), data) : Buffer.from("I (1) IMPROV log\n"));
  }
  const bytes = [...Buffer.concat(parts)];
  const at = rng.below(bytes.length);
  switch (rng.below(5)) {
    case 0:
      bytes[at] ^= 1 << rng.below(8);
      break;
    case 1:
      bytes.splice(at, 1 + rng.below(8));
      break;
    case 2:
      bytes.splice(at, 0, ...rng.bytes(1 + rng.below(8)));
      break;
    case 3:
      bytes.length = at;
      break;
    default:
      bytes.splice(at, 0, ...ASK_STATE.slice(0, 1 + rng.below(11)));
  }
  return Uint8Array.from(bytes);
}

test("10 000 corrupted streams: no fault stays, and the next packet is heard", () => {
  const seed = 20_261_123;
  const rng = new Rng(seed);
  for (let i = 0; i < 10_000; i++) {
    const bytes = corrupted(rng);
    const what = `seed ${seed}, stream ${i}`;
    const { decoder, heard } = listener();
    const stream = new ImprovStream();
    const client: string[] = [];
    stream.onPacket = (type, data) => void client.push(`${type}:${data.toString("hex")}`);
    pushAll(decoder, bytes);
    decoder.idle();
    assert.ok(heard.text.length <= bytes.length, what);
    const { length } = heard.packets;
    pushAll(decoder, ASK_STATE);
    assert.deepEqual(heard.packets.slice(length), ["3:0200"], what);
    // The client has no clock: filler ends whatever packet it waits for.
    for (let from = 0; from < bytes.length; ) {
      const next = from + 1 + rng.below(20);
      stream.push(Buffer.from(bytes.subarray(from, next)));
      from = next;
    }
    stream.push(Buffer.alloc(265, 10));
    client.length = 0;
    stream.push(Buffer.from(ASK_STATE));
    assert.deepEqual(client, ["3:0200"], what);
  }
});
