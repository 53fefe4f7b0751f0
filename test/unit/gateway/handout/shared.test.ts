// SPDX-License-Identifier: Apache-2.0
/** The form of a state: whoever changes a class in it raises STATE_FORMAT. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { unpackGraph } from "#gateway/checkpoint/graph-bytes";
import { STATE_FORMAT } from "#gateway/handout/held";
import { packShared } from "#gateway/handout/shared";
import { keyedCrypto } from "#host-sim/smartchain/crypto";
import { smallWorld } from "#host-sim/smartchain/small-world";
import { Town } from "#host-sim/town/town";

/** SHA-256 over the classes and their fields, of each number. */
const FORMS: Readonly<Record<number, string>> = {
  1: "e6abc3eb7cc517ebe7cf617d378b1b97341f97ebbf446dde0443270e322130d5",
};

test("classes and fields of a state are those of its number", async () => {
  const world = smallWorld(5, 4, 3, 900);
  const town = new Town({ seed: 5, gateways: 4, world, crypto: keyedCrypto() });
  await town.start();
  const forms = new Map<string, Set<string>>();
  const [{ gateway }] = town.gateways;
  const { ports } = gateway as unknown as { ports: Parameters<typeof packShared>[1] };
  await town.run(world.startMs + 3_600_000, () => {
    if (town.events % 50 !== 0) return;
    for (const node of unpackGraph(packShared(gateway!.area, ports, gateway!.seat!.replica))) {
      if (!("fields" in node) || node.of === "") continue;
      const fields = forms.get(node.of) ?? new Set();
      for (const [name] of node.fields) fields.add(name);
      forms.set(node.of, fields);
    }
  });
  const lines = [...forms].map(([name, fields]) => `${name}: ${[...fields].sort().join(" ")}`);
  const text = lines.sort().join("\n");
  const digest = createHash("sha256").update(text).digest("hex");
  assert.ok(forms.size > 20, `${forms.size} classes`);
  assert.equal(
    digest,
    FORMS[STATE_FORMAT],
    `raise STATE_FORMAT in handout/held.ts: it is now\n${text}`,
  );
});
