// SPDX-License-Identifier: Apache-2.0
/**
 * What one transaction costs a member on 32-bit XS: to issue it, to witness it, to validate it. The others
 * are played here. Memory is what comes on top of what the member keeps, in a heap that grows in small steps.
 */
import { fileURLToPath } from "node:url";
import { toHex } from "#core/codec/bytes";
import { openSigned, signRecord } from "#core/codec/record";
import { domainHash } from "#core/crypto/domain";
import type { Crypto } from "#core/crypto/port";
import { assert } from "#core/errors/assert";
import { nodeIdOf } from "#core/identity";
import { beaconDigest, beaconOf } from "#core/pot/beacon";
import { Committees } from "#core/pot/committee";
import { potParams } from "#core/pot/params";
import { randomKeyOf, signToken } from "#core/pot/token";
import { epochRecord } from "#core/records/epoch";
import { bodyRecord, openTx, signTx } from "#core/records/tx";
import { askRecord, tokenRecord } from "#core/records/witness";
import { sodiumCrypto } from "#node/crypto/sodium";
import { SimRegion } from "../flash/region.ts";
import { Call } from "../fleet/abi.ts";
import { answerCrypto, answerFlash } from "../fleet/xs-driver.ts";
import { bundleForXs } from "../xs-host/bundle.ts";
import { type XsCreation, XsHost } from "../xs-host/host.ts";
import { bodyOf, GATEWAY, NET, NOW_MS, OWN, PARENT, START_MS, Step, secretOf } from "./pot-node.ts";

export interface PotCost {
  bytecodes: number;
  /** The most bytes of slots and chunks that were taken, beyond what lived before. */
  peakBytes: number;
}

export interface PotFigures {
  issue: PotCost;
  witness: PotCost;
  validate: PotCost;
  /** What lives in the machine because of the epoch, bytes of slots and chunks. */
  keptBytes: number;
}

/** More than all witness: 7 are drawn, and 5 tokens are needed. */
const MEMBERS = 20;
const SECTORS = 31;
const SLOT_BYTES = 16;
const CREATION: Readonly<XsCreation> = Object.freeze({
  chunkInitial: 2048,
  chunkIncremental: 128,
  heapInitial: 256,
  heapIncremental: 8,
  stackSlots: 640,
  meterLimit: 1e12,
});

/** The area as all of its members know it. */
export class Scene {
  readonly crypto: Crypto = sodiumCrypto();
  readonly epoch: Uint8Array;
  readonly committees: Committees;
  private readonly secrets = new Map<string, Uint8Array>();

  constructor() {
    const { crypto } = this;
    const gateway = nodeIdOf(crypto, crypto.publicKey(secretOf(GATEWAY)));
    const members = Array.from({ length: MEMBERS }, (_, i) => {
      const publicKey = crypto.publicKey(secretOf(i));
      const node = nodeIdOf(crypto, publicKey);
      this.secrets.set(toHex(node), secretOf(i));
      return { node, publicKey };
    });
    members.sort((a, b) => Buffer.compare(a.node, b.node));
    const times = { startMs: START_MS, epsilonMs: 2000, tauMs: 10_000 };
    const reveals = crypto.sign(secretOf(GATEWAY), beaconDigest(crypto, NET, 1));
    const fixed = { net: NET, gateway, epoch: 1, beacon: beaconOf(crypto, reveals), reveals };
    const epoch = { ...fixed, ...times, ...potParams(MEMBERS), members };
    assert(epoch.m === 5, "SIM_M", `${epoch.m}`);
    this.epoch = signRecord(epochRecord, crypto, secretOf(GATEWAY), epoch).bytes;
    this.committees = new Committees(crypto, epoch);
  }

  /** The answers of the five best witnesses to an encoded body. */
  tokens(encoded: Uint8Array): { node: Uint8Array; answer: Uint8Array }[] {
    const { crypto, committees } = this;
    const decoded = bodyRecord.decode(encoded);
    assert(decoded.ok, "SIM_BODY");
    const body = decoded.value;
    const txid = domainHash(crypto, bodyRecord.domain, encoded);
    const context = { net: NET, beacon: committees.epoch.beacon, body, txid };
    const chosen = committees.of(body.from, body.tick).slice(0, committees.epoch.m);
    return chosen.map((index) => {
      const node = committees.members.nodeOf(index);
      const secret = this.secrets.get(toHex(node))!;
      const randomKey = randomKeyOf(crypto, secret);
      const token = signToken(crypto, secret, randomKey, node, context, NOW_MS);
      const answer = tokenRecord.encode({ net: NET, txid, witness: node, code: 0, token });
      return { node, answer };
    });
  }

  /** Another member for which the one on XS is to witness, and its body. */
  author(): { secret: Uint8Array; body: ReturnType<typeof bodyOf> } {
    const { crypto, committees } = this;
    const own = nodeIdOf(crypto, crypto.publicKey(secretOf(OWN)));
    for (let i = 1; i < MEMBERS; i++) {
      const from = nodeIdOf(crypto, crypto.publicKey(secretOf(i)));
      const body = bodyOf(from, [PARENT()]);
      if (committees.rank(from, body.tick, own) >= 0) return { secret: secretOf(i), body };
    }
    throw new Error("nobody has it in his committee");
  }

  ask(): Uint8Array {
    const { crypto } = this;
    const { secret, body } = this.author();
    const ask = { net: NET, publicKey: crypto.publicKey(secret), body: bodyRecord.encode(body) };
    return signRecord(askRecord, crypto, secret, ask).bytes;
  }

  tx(): Uint8Array {
    const { secret, body } = this.author();
    const pot = this.tokens(bodyRecord.encode(body)).map(({ answer }) => {
      const decoded = tokenRecord.decode(answer);
      assert(decoded.ok && decoded.value.token, "SIM_TOKEN");
      return decoded.value.token;
    });
    return signTx(this.crypto, secret, body, 9, pot).bytes;
  }
}

class Bench {
  private readonly xs: XsHost;
  private readonly posts: Uint8Array[];
  private readonly scene: Scene;

  constructor(xs: XsHost, posts: Uint8Array[], scene: Scene) {
    this.xs = xs;
    this.posts = posts;
    this.scene = scene;
  }

  /** One machine: what it keeps, and what `act` takes. */
  async measure(index: number, act: (tell: Tell) => Promise<void>) {
    const { xs, posts, scene } = this;
    await xs.create(index, CREATION);
    const empty = await xs.stats(index, { collect: true });
    let bytecodes = 0;
    const tell: Tell = async (kind, payload) => {
      const { ok, meter } = await xs.deliver(index, kind, Buffer.from(payload));
      assert(ok, "SIM_STEP", `${kind}`);
      bytecodes += meter;
      return posts.splice(0)[0];
    };
    await tell(Step.epoch, scene.epoch);
    const before = await xs.stats(index, { collect: true });
    bytecodes = 0;
    await act(tell);
    const { slotsPeak, chunkBytesPeak } = await xs.stats(index);
    const bytes = (slots: number, chunkBytes: number) => slots * SLOT_BYTES + chunkBytes;
    const live = bytes(before.slots, before.chunkBytes);
    const cost: PotCost = { bytecodes, peakBytes: bytes(slotsPeak, chunkBytesPeak) - live };
    return { cost, keptBytes: live - bytes(empty.slots, empty.chunkBytes) };
  }
}

type Tell = (kind: number, payload: Uint8Array) => Promise<Uint8Array | undefined>;

export async function potFigures(kind: "native" | "noble"): Promise<PotFigures> {
  const scene = new Scene();
  const { crypto } = scene;
  const posts: Uint8Array[] = [];
  const regions = new Map<number, SimRegion>();
  const failures: string[] = [];
  const xs = await XsHost.start(
    { ...(await modulesOf(kind)), entry: "main", preload: ["pot"], bits: 32 },
    {
      call(node, fn, data = new Uint8Array(0)) {
        if (!regions.has(node)) regions.set(node, new SimRegion(SECTORS));
        const flash = [
          Call.flashRead,
          Call.flashWrite,
          Call.flashErase,
          Call.flashSize,
        ] as number[];
        return flash.includes(fn)
          ? answerFlash(regions.get(node), fn, data)
          : answerCrypto(crypto, fn, data);
      },
      post: (_, __, data) => void posts.push(Uint8Array.from(data ?? [])),
      failed: (_, reason) => void failures.push(reason),
    },
  );
  try {
    const bench = new Bench(xs, posts, scene);
    const issue = await bench.measure(0, async (tell) => {
      const ask = openSigned(askRecord, crypto, (await tell(Step.ask, new Uint8Array(0)))!);
      assert(ask.ok, "SIM_ASK");
      for (const { answer } of scene.tokens(ask.value.body)) await tell(Step.token, answer);
      const tx = openTx(crypto, (await tell(Step.finish, new Uint8Array(0)))!);
      assert(tx.ok && tx.tx.pot.length === 5, "SIM_TX");
    });
    const witness = await bench.measure(1, async (tell) => {
      const answer = tokenRecord.decode((await tell(Step.witness, scene.ask()))!);
      assert(answer.ok && answer.value.token, "SIM_ANSWER", JSON.stringify(answer));
    });
    const validate = await bench.measure(2, async (tell) => {
      await tell(Step.validate, scene.tx());
    });
    return {
      issue: issue.cost,
      witness: witness.cost,
      validate: validate.cost,
      keptBytes: issue.keptBytes,
    };
  } finally {
    await xs.close();
    assert(failures.length === 0, "SIM_FAILED", failures[0]);
  }
}

async function modulesOf(kind: "native" | "noble") {
  const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  const modules = [await bundleForXs(file("pot-node.ts"), { name: "pot" })];
  const crypto = file("../fleet/xs-crypto.ts");
  if (kind === "native") {
    modules.push(await bundleForXs(crypto, { name: "crypto" }));
    const source =
      'import { runPot } from "pot"; import { hostCrypto } from "crypto"; runPot(hostCrypto);';
    modules.push({ name: "main", source });
  } else {
    const noble = file("../../src/core/crypto/noble.ts");
    modules.push(await bundleForXs(noble, { name: "noble" }));
    const source =
      'import { runPot } from "pot"; import { nobleCrypto } from "noble"; ' +
      "runPot(nobleCrypto({ windowBits: 1 }));";
    modules.push({ name: "main", source });
  }
  return { modules };
}
