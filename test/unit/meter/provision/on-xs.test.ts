// SPDX-License-Identifier: Apache-2.0
/** The provisioner on the engine of the device says what it says on V8, byte for byte. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { answerCrypto } from "#host-sim/fleet/xs-driver";
import { bundleForXs } from "#host-sim/xs-host/bundle";
import { XsHost } from "#host-sim/xs-host/host";
import { encodeRpc, Rpc } from "#node/cli/improv-client";
import { sodiumCrypto } from "#node/crypto/sodium";
import { xsOrSkip } from "../../../xs/xs-or-skip.ts";
import { startDevice } from "./xs-device.ts";

const CREATION = {
  chunkInitial: 32_768,
  chunkIncremental: 8192,
  heapInitial: 2048,
  heapIncremental: 512,
  stackSlots: 1024,
  meterLimit: 1e13,
};

const line = (text: string): [number, Uint8Array] => [1, Buffer.from(`wattle ${text}\n`)];
const rpc = (command: number, ...strings: string[]): [number, Uint8Array] => [
  1,
  encodeRpc(command, strings),
];
const broken = encodeRpc(Rpc.wifi, ["Home", "12345678"]);
broken[15] ^= 1;

const SCRIPT: [kind: number, payload: Uint8Array][] = [
  line("show"),
  rpc(Rpc.info),
  rpc(Rpc.state),
  line(
    `set broker=mqtts://[fe80::1] area=street name="A b" gateway=${"ab".repeat(32)} capacity=4312`,
  ),
  line("set cal.pulses=1000 direction=reversed bid=0.25 ntp= wallets=3 trade=no"),
  line(`set gateway2=mqtt://10.0.0.2,street-2,${"cd".repeat(32)}`),
  line("set gateway3=mqtt://10.0.0.3,street-3"),
  line("set name=Küche capacity=11kW gateway=12 colour=red"),
  [1, broken],
  rpc(Rpc.scan),
  rpc(Rpc.wifi, "Küche 🔌", "12345678"),
  [3, Uint8Array.of(0)],
  line('wifi "Küche 🔌" "1234 5678"'),
  [3, Uint8Array.of(1)],
  rpc(Rpc.wifi, "Other", "12345678"),
  [2, new Uint8Array(0)],
  line("claim"),
  line("claim new"),
  line("qr"),
  line("help"),
  line("show"),
  line("reset identity"),
  line("reset settings --yes"),
  [1, Buffer.from([0xff, 0xfe, 10, 0xc3, 0x28, 10])],
  line("show"),
];

function onV8(): string {
  const said: Uint8Array[] = [];
  const on = startDevice(sodiumCrypto(), (bytes) => void said.push(bytes));
  for (const [kind, payload] of SCRIPT) on(kind, payload);
  return Buffer.concat(said).toString("latin1");
}

for (const preload of [false, true])
  test(`the same bytes on XS${preload ? ", preloaded" : ""}`, async (t) => {
    if (!(await xsOrSkip(t, { bits: 32 }))) return;
    const file = fileURLToPath(new URL("./xs-device.ts", import.meta.url));
    const bundle = await bundleForXs(file, { name: "device" });
    const modules = [
      bundle,
      { name: "main", source: 'import { runOnXs } from "device"; runOnXs();' },
    ];
    const said: Uint8Array[] = [];
    let failure = "";
    const sodium = sodiumCrypto();
    const options = {
      modules,
      entry: "main",
      preload: preload ? ["device"] : [],
      bits: 32 as const,
    };
    const xs = await XsHost.start(options, {
      call: (_, fn, data) => answerCrypto(sodium, fn, data ?? new Uint8Array(0)),
      post: (_, __, data) => void said.push(Uint8Array.from(data)),
      failed: (_, reason) => void (failure = reason),
    });
    try {
      await xs.create(0, CREATION);
      for (const [kind, payload] of SCRIPT) await xs.deliver(0, kind, payload);
      assert.equal(failure, "");
      assert.equal(Buffer.concat(said).toString("latin1"), onV8());
      const { slots, slotBytes, chunkBytes, slotsPeak, chunkBytesPeak, stackPeak } = await xs.stats(
        0,
        {
          collect: true,
        },
      );
      t.diagnostic(
        `heap ${slots * slotBytes} bytes in slots, ${chunkBytes} in chunks; ` +
          `peak ${slotsPeak * slotBytes} and ${chunkBytesPeak}, stack ${stackPeak} slots`,
      );
    } finally {
      await xs.close();
    }
  });
