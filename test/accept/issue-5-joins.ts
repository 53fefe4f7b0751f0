// SPDX-License-Identifier: Apache-2.0
/** Gateways that join and leave while they trade, by nothing but their operators' commands. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { quorumRecord } from "#core/records/consensus";
import { EntryKind, stateEntry, turnEntry, unpackEntry } from "#gateway/entries";
import type { ConsortiumStatus } from "#node/consortium/desk";
import { openSealedStore } from "#node/store/sealed";
import type { Find, Line } from "./harness.ts";
import { type Demo, side, trades, verified } from "./issue-5-gateways.ts";

/** Voices of each gateway (by area) in the certificates of the last turns of this store. */
function voices({ dir }: Demo, area: string, last: number): Map<string, number> {
  const status = JSON.parse(
    readFileSync(join(dir, area, "consortium", "status.json"), "utf8"),
  ) as ConsortiumStatus;
  // A voter is a place in the order of ids.
  const areas = status.gateways.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map((one) => one.area!);
  const store = openSealedStore(join(dir, area, "gateway.db"));
  try {
    const turns = [...store.read()].filter(({ kind }) => kind === EntryKind.turn).slice(-last);
    const counts = new Map(areas.map((name) => [name, 0]));
    for (const { bytes } of turns) {
      const quorum = quorumRecord.decode(unpackEntry(turnEntry, bytes).quorum);
      if (!quorum.ok) throw new Error(`${area}: a turn without a certificate`);
      for (const { voter } of quorum.value.voices)
        counts.set(areas[voter], (counts.get(areas[voter]) ?? 0) + 1);
    }
    return counts;
  } finally {
    store.close();
  }
}

/** The turn behind the state with which the log of this gateway goes on, and by how many it was signed. */
function taken({ dir }: Demo, area: string): { height: number; by: number } | undefined {
  const store = openSealedStore(join(dir, area, "gateway.db"));
  try {
    for (const { kind, bytes } of store.read()) {
      if (kind !== EntryKind.state) continue;
      const { height, offers } = unpackEntry(stateEntry, bytes);
      return { height, by: offers.length };
    }
    return undefined;
  } finally {
    store.close();
  }
}

function judge(several: Demo, find: Find): void {
  const { consortium: facts } = several.summary;
  find("changes", 3, facts?.faults.length ?? 0);
  for (const line of facts?.faults ?? []) find(line, "printed", "", true);
  find("left", "street-2", facts?.left.join() ?? "");
  const ends = facts?.ends.map(({ area }) => area).join(" ") ?? "";
  find("gateways at the end", "street-1 street-3 street-4 street-5", ends);
  const state = taken(several, "street-5");
  const by = state && `turn ${state.height}, signed by ${state.by}`;
  find(
    "street-5 begins with a state of the others",
    "signed by 2 or more",
    by,
    !!by && state.by > 1,
  );
  const heard = voices(several, "street-1", 20);
  const fifth = heard.get("street-5") ?? 0;
  find("voices of street-5 in the last 20 certificates", "≥ 1", fifth, fifth > 0);
  find("voices of street-2 there", "none", heard.has("street-2") ? "some" : "none");
}

export const joins: Line = {
  name: "joins",
  title:
    "four gateways as processes: a fifth joins by three operators and votes, an old one leaves",
  takes: "2 min",
  ci: false,
  async run(find, say) {
    const world = ["--engine", "v8", "--nodes", "6", "--slots", "64"];
    const ran = await side("joins", world, ["--gateway-changes"], find, say);
    if (!ran) return;
    // Who gets a Wh that cannot be shared follows from ids of orders, which a slow slot may change.
    find("trades row by row", "printed", trades(ran.alone) === trades(ran.several), true);
    await verified(ran.several, ran.facts, find, say);
    judge(ran.several, find);
  },
};
