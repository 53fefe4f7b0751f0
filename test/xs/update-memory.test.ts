// SPDX-License-Identifier: Apache-2.0
/** Fetching an image takes the memory of a chunk, however large the image is: on XS with 32 bits, as there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { signRecord } from "#core/codec/record";
import { chunkRecord, fetchRecord, releaseRecord } from "#core/records/release";
import { answerCrypto } from "#host-sim/fleet/xs-driver";
import { bundleForXs } from "#host-sim/xs-host/bundle";
import { XsHost, type XsStats } from "#host-sim/xs-host/host";
import { sodiumCrypto } from "#node/crypto/sodium";
import { SMALL_CREATION } from "./small-creation.ts";
import { xsOrSkip } from "./xs-or-skip.ts";

const sodium = sodiumCrypto();
const SECRET = new Uint8Array(32).fill(7);
const KB = 1024;

/** Sends `upTo` bytes of an image in chunks of `chunkBytes`; what XS used after `marks` bytes. */
async function fetchOnXs(chunkBytes: number, marks: readonly number[]): Promise<XsStats[]> {
  const file = fileURLToPath(new URL("./update-fetch-node.ts", import.meta.url));
  const bundle = await bundleForXs(file, { name: "fetch" });
  const source = 'import { runFetch } from "fetch"; runFetch();';
  const modules = [bundle, { name: "main", source }];
  const requests: Uint8Array[] = [];
  const failures: string[] = [];
  const xs = await XsHost.start(
    { modules, entry: "main", preload: ["fetch"], bits: 32 },
    {
      call: (_, fn, data) => answerCrypto(sodium, fn, data ?? new Uint8Array(0)),
      post: (_, __, data) => void requests.push(Uint8Array.from(data)),
      failed: (_, reason) => void failures.push(reason),
    },
  );
  try {
    await xs.create(0, SMALL_CREATION);
    const { bytes, id } = signRecord(releaseRecord, sodium, SECRET, {
      board: "xs",
      firmware: { major: 1, minor: 1, patch: 0 },
      sizeBytes: 4096 * KB,
      sha256: new Uint8Array(32),
      minimum: { major: 1, minor: 0, patch: 0 },
      chunkBytes,
    });
    await xs.deliver(0, 1, Buffer.from(bytes));
    const stats: XsStats[] = [];
    const piece = new Uint8Array(chunkBytes).fill(5);
    for (let sent = 0; stats.length < marks.length; ) {
      await xs.deliver(0, 3, Buffer.alloc(0));
      const request = requests.pop();
      if (!request) continue;
      const asked = fetchRecord.decode(request);
      assert.ok(asked.ok);
      assert.equal(asked.value.offset, sent, "in order, nothing twice");
      for (let i = 0; i < asked.value.chunks; i++, sent += chunkBytes) {
        const chunk = chunkRecord.encode({ release: id, offset: sent, bytes: piece });
        await xs.deliver(0, 2, Buffer.from(chunk));
      }
      if (sent >= marks[stats.length]) stats.push(await xs.stats(0, { collect: true }));
    }
    assert.deepEqual(failures, []);
    return stats;
  } finally {
    await xs.close();
  }
}

for (const chunkBytes of [2 * KB, 4 * KB])
  test(`chunks of ${chunkBytes} bytes: memory does not grow with the image`, async (t) => {
    if (!(await xsOrSkip(t, { bits: 32 }))) return;
    const [early, late] = await fetchOnXs(chunkBytes, [64 * KB, 1024 * KB]);
    assert.ok(late.chunkBytes <= early.chunkBytes + 64, `${early.chunkBytes}, ${late.chunkBytes}`);
    assert.ok(late.slots <= early.slots + 8, `${early.slots} slots, then ${late.slots}`);
    assert.equal(late.chunkBytesReserved, early.chunkBytesReserved, "no more was taken");
    t.diagnostic(
      `live ${late.slots} slots, ${late.chunkBytes} chunk bytes; peak ${late.slotsPeak} slots, ` +
        `${late.chunkBytesPeak} chunk bytes; stack ${late.stackPeak} slots`,
    );
    assert.ok(late.chunkBytesPeak < 16 * KB + 8 * chunkBytes, `${late.chunkBytesPeak} at most`);
  });
