// SPDX-License-Identifier: Apache-2.0
/** What a liar puts into its feed: nothing that is any, what others said, and lies about their nodes. */
import { fromHex } from "#core/codec/bytes";
import { encodeCbor } from "#core/codec/cbor";
import { signRecord } from "#core/codec/record";
import { changeRecord } from "#core/records/registry";
import { type FedEntry, FedKind } from "#core/records/segment";
import { heardStruct } from "#core/records/turn";
import { evidenceRecord } from "#core/records/vote";
import type { TownGateway } from "../../town/town-gateway.ts";
import type { Random } from "../../worlds/random.ts";
import type { TownArena } from "./arena.ts";
import { falseBank } from "./banks.ts";

export function heard(topic: string, payload: Uint8Array): FedEntry {
  const bytes = encodeCbor(heardStruct.encode({ topic, payload }, "heard"));
  return { kind: FedKind.heard, bytes };
}

function noise(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256));
}

export function garbageFor(
  arena: TownArena,
  self: TownGateway,
  random: Random,
  kinds: { garbage: boolean; state: boolean; wish: boolean; bank: boolean },
): FedEntry[] {
  const made: FedEntry[] = [];
  for (let i = kinds.wish ? 1 + random.below(6) : 0; i > 0; i--)
    made.push(falseWish(arena, self, random));
  if (kinds.bank) made.push(...falseBank(arena, self, random));
  const { nodes } = arena.town;
  const node = nodes[random.below(nodes.length)];
  if (kinds.state) {
    arena.count("false state");
    const state = { state: "offline", boot: [1, 2, 1000][random.below(3)] };
    made.push(heard(`${node.id}/state`, new TextEncoder().encode(JSON.stringify(state))));
  }
  if (!kinds.garbage) return made;
  arena.count("garbage fed");
  const { overheard } = arena;
  const said = overheard.length > 0 ? overheard[random.below(overheard.length)] : undefined;
  switch (random.below(8)) {
    case 0:
      made.push({ kind: FedKind.heard, bytes: noise(random, 1 + random.below(60)) });
      break;
    case 1:
      made.push({ kind: 9, bytes: noise(random, 5) });
      break;
    case 2:
      made.push(heard(`${node.id}/up/tx`, noise(random, random.below(200))));
      break;
    case 3:
      made.push(heard("nobody/up/tx", noise(random, 9)), heard("", new Uint8Array(0)));
      break;
    case 4: {
      const proof = { fraud: 1 + random.below(3), publicKey: noise(random, 32), items: [] };
      const bytes = evidenceOf(proof) ?? noise(random, 30);
      made.push({ kind: FedKind.evidence, bytes });
      break;
    }
    case 5:
      // In another node's place.
      if (said) made.push(heard(`${node.id}/${said.what}`, said.payload));
      break;
    case 6:
      if (said) {
        // Its signature, or what it is of, is not right any more.
        const payload = said.payload.slice();
        payload[payload.length - 1 - random.below(Math.min(64, payload.length))] ^= 1;
        made.push(heard(`${said.node}/${said.what}`, payload));
      }
      break;
    default:
      for (let i = 0; i < 3 && said; i++)
        made.push(heard(`${said.node}/${said.what}`, said.payload));
  }
  return made;
}

/** A change that nobody else wants, or that cannot be. */
function falseWish(arena: TownArena, self: TownGateway, random: Random): FedEntry {
  arena.count("false wish");
  const { town, checks } = arena;
  const { net } = town.gateways[0].options;
  const one = town.gateways[random.below(town.gateways.length)];
  const key = noise(random, 32);
  const kind = random.below(5);
  const entrant = town.entrant(one.index);
  const joins = kind === 0 ? entrant : { ...entrant, publicKey: key, beaconKey: key };
  const number = checks.membership.present.version + (kind === 1 ? random.below(3) : 1);
  const leaves = kind < 3 ? fromHex(one.id)! : undefined;
  const { secretKey } = self.options;
  const wish = { net, number, leaves, joins };
  const { bytes } = signRecord(changeRecord, town.crypto, secretKey, wish);
  return { kind: FedKind.change, bytes: kind === 4 ? noise(random, 40) : bytes };
}

function evidenceOf(proof: object): Uint8Array | undefined {
  try {
    return evidenceRecord.encode(proof as Parameters<typeof evidenceRecord.encode>[0]);
  } catch {
    return undefined;
  }
}
