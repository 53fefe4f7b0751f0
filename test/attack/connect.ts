// SPDX-License-Identifier: Apache-2.0
/** CONNECT: tokens that are missing, forged, damaged, replayed or of another time; ids of others; floods. */
import { connect as connectTcp, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { encodeCbor } from "#core/codec/cbor";
import { domainHash } from "#core/crypto/domain";
import { nodeIdOf } from "#core/identity";
import { CONNECT_AGE_MS } from "#core/limits";
import { connectRecord } from "#core/records/connect";
import { crypto } from "../helpers/local-area.ts";
import { dial, hangUp } from "./dial.ts";
import { AREA, type Person, person, tokenOf } from "./people.ts";
import type { Plan } from "./report.ts";
import { type Group, knocks, operatorClient, type Scene } from "./scene.ts";

const group = "connect";
const TOKEN_FAULTS = ["MALFORMED", "NET", "GATEWAY", "CLIENT", "TIME", "REPLAYED", "SIGNATURE"].map(
  (fault) => `connect TOKEN_${fault}`,
);
/** Beyond this the token counts whatever the clocks of test and gateway do meanwhile, ms. */
const SLACK_MS = 5_000;
/** Sockets of one address that a broker takes at once, and begins TLS with. */
const HANDSHAKES = 64;

export const connectGroup: Group = {
  name: group,
  async run(scene) {
    const { report } = scene;
    for (const plan of [...tokens(scene), ...names(scene), ...replays(scene), ...floods(scene)])
      await report.run({ ...plan, group });
  },
};

type Attack = Omit<Plan, "group">;

function tokens(scene: Scene): Attack[] {
  const { stage, scale, seller, mallory, guest } = scene;
  const { gatewayKey } = stage;
  const good = (changes = {}, who = mallory) => tokenOf(who, gatewayKey, changes);
  const one = (attack: string, code: string, client: string, password?: () => Buffer): Attack => ({
    attack,
    codes: [`connect ${code}`],
    act: () => knocks(stage, [{ client, password: password?.() }]),
  });
  const step = scale.full ? 1 : 16;
  return [
    one("a node's id without a token", "TOKEN_MISSING", seller.id),
    one("an operator's name without a token", "TOKEN_MISSING", "operator-ann"),
    one("noise in place of a token", "TOKEN_MALFORMED", mallory.id, () => Buffer.alloc(120, 7)),
    one("a token of another net", "TOKEN_NET", mallory.id, () => good({ net: "elsewhere" })),
    one("a token for another gateway", "TOKEN_GATEWAY", mallory.id, () =>
      good({ gateway: nodeIdOf(crypto, person("other gateway").publicKey) }),
    ),
    one("its own token under a connected member's id", "TOKEN_CLIENT", seller.id, () => good()),
    one("its own key in a token for a connected member's id", "TOKEN_CLIENT", seller.id, () =>
      good({ client: seller.id }),
    ),
    one("a connected member's token signed by another key", "TOKEN_SIGNATURE", seller.id, () =>
      forged(seller, mallory, gatewayKey),
    ),
    one("a token that is too old", "TOKEN_TIME", guest.id, () =>
      good({ atMs: Date.now() - CONNECT_AGE_MS - SLACK_MS }, guest),
    ),
    one("a token that is too new", "TOKEN_TIME", guest.id, () =>
      good({ atMs: Date.now() + CONNECT_AGE_MS + SLACK_MS }, guest),
    ),
    {
      attack: "a good token with one bit flipped, at every byte",
      codes: TOKEN_FAULTS,
      act: () => {
        const token = good();
        const damaged = [...token.keys()]
          .filter((at) => at % step === 0)
          .map((at) => token.map((byte, i) => (i === at ? byte ^ (1 << (at % 8)) : byte)));
        return knockWith(scene, damaged);
      },
    },
    {
      attack: "a good token that is cut, and one with a byte more",
      codes: TOKEN_FAULTS,
      act: () => {
        const token = good();
        const cuts = [...token.keys()].filter((at) => at > 0 && at % step === 0);
        const longer = Buffer.concat([token, Buffer.of(0)]);
        return knockWith(scene, [...cuts.map((at) => token.subarray(0, at)), longer]);
      },
    },
  ];
}

/** What `victim` would show, signed by `thief`. */
function forged(victim: Person, thief: Person, gatewayKey: Uint8Array): Buffer {
  const gateway = nodeIdOf(crypto, gatewayKey);
  const { publicKey, id: client } = victim;
  const record = connectRecord.encode({
    ...{ net: "attack", gateway, client, publicKey, atMs: Date.now() + 1000 },
  });
  const id = domainHash(crypto, connectRecord.domain, record);
  return Buffer.from(encodeCbor([record, crypto.sign(thief.secretKey, id)]));
}

/** Mallory's own id with each of `passwords`, from addresses enough. */
function knockWith({ stage, mallory }: Scene, passwords: readonly Uint8Array[]) {
  const client = mallory.id;
  return knocks(
    stage,
    passwords.map((password, i) => ({ client, password, from: `127.0.3.${1 + (i >> 8)}` })),
  );
}

function names({ stage, mallory }: Scene): Attack[] {
  const { gatewayKey, deputy, gatewayPerson } = stage;
  const as = (client: string, who = mallory) => ({
    client,
    password: tokenOf(who, gatewayKey, { client }),
  });
  return [
    {
      attack: "names that are no client's: the gateway's, the root's, none of the rules'",
      codes: ["connect UNKNOWN_CLIENT"],
      act: () =>
        knocks(
          stage,
          [`gateway-${AREA}`, "root", "gateway", "operator-", `${mallory.id}0`].map((client) =>
            as(client),
          ),
        ),
    },
    {
      attack: "the id of the gateway's key",
      codes: ["connect TOKEN_CLIENT"],
      act: () => knocks(stage, [as(gatewayPerson.id)]),
    },
    {
      attack: "names of operators and monitors with a member's key",
      codes: ["connect NOT_OPERATOR"],
      act: () => knocks(stage, [as("operator-ann"), as("monitor-ann")]),
    },
    {
      attack: "the name that an operator is connected by: another operator's key, and none",
      codes: ["connect CLIENT_TAKEN"],
      act: async () => {
        const holder = await operatorClient(stage, "monitor-ann");
        const tried = await knocks(stage, [as("monitor-ann", deputy), { client: "monitor-ann" }]);
        const thrownOut = holder.connected ? 0 : 1;
        await hangUp(holder);
        return { ...tried, successes: tried.successes + thrownOut };
      },
    },
  ];
}

function replays({ stage, seller }: Scene): Attack[] {
  const [member] = stage.members;
  let old: { client: string; password: Buffer | undefined }[] = [];
  const codes = ["connect TOKEN_REPLAYED"];
  const again = () => knocks(stage, [{ client: seller.id, password: member.tokens.at(-1) }]);
  return [
    { attack: "a connected member's token at once", codes, act: again },
    {
      attack: "a member's token after it came back with another",
      codes,
      act: async () => {
        const before = member.tokens.at(-1);
        await stage.lose(member);
        return knocks(stage, [{ client: seller.id, password: before }]);
      },
    },
    {
      attack: "members' tokens after a restart of the gateway",
      codes,
      prepare: async () => {
        old = stage.members.map(({ who, tokens: all }) => ({
          client: who.id,
          password: all.at(-1),
        }));
        await stage.restart();
      },
      act: () => knocks(stage, old),
    },
  ];
}

function floods({ stage, scale }: Scene): Attack[] {
  const [, member] = stage.members;
  const attacks: Attack[] = [
    {
      attack: "connections without end from one address; a member comes back meanwhile",
      codes: ["connect TLS_BUSY", "connect RATE_LIMITED"],
      async act() {
        const count = scale.full ? 1500 : HANDSHAKES + 30;
        const sockets = await flood(stage.port, count);
        await stage.lose(member);
        const left = sockets.filter(({ destroyed }) => !destroyed).length;
        for (const socket of sockets) socket.destroy();
        const tries = count - HANDSHAKES;
        return { tries, successes: left > HANDSHAKES ? 1 : 0 };
      },
    },
    {
      attack: "plain MQTT where TLS is spoken",
      codes: ["connect TLS_PLAIN"],
      act: async () => {
        const [socket] = await flood(stage.port, 1);
        const answer = new Promise<number>((resolve) => {
          socket.on("data", (data) => resolve(data[0] === 0x20 ? 1 : 0));
          socket.on("close", () => resolve(0));
        });
        socket.write(Buffer.from("100c00044d5154540402003c0000", "hex"));
        return { tries: 1, successes: await answer };
      },
    },
  ];
  if (!scale.full) return attacks;
  return [...attacks, ownFlood()];

  function ownFlood(): Attack {
    return {
      attack: "the same node again and again with good tokens",
      codes: ["connect RATE_LIMITED"],
      atLeast: true,
      async act() {
        let taken = 0;
        const restless = person("restless");
        for (let i = 0; i < 60; i++) {
          const password = tokenOf(restless, stage.gatewayKey);
          const dialled = await dial(stage, restless.id, { password, from: "127.0.0.66" });
          if (!("client" in dialled)) continue;
          taken++;
          await hangUp(dialled.client);
        }
        // A burst of 30, and one each two seconds.
        return { tries: 20, successes: taken > 40 ? 1 : 0 };
      },
    };
  }
}

/** TCP connections that say nothing. */
async function flood(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let i = 0; i < count; i++) {
    const socket = connectTcp({ port, host: "127.0.0.1", localAddress: "127.0.0.77" });
    socket.on("error", () => {});
    sockets.push(socket);
    if (i % 100 === 99) await delay(5);
  }
  await Promise.all(
    sockets.map((socket) =>
      socket.connecting
        ? new Promise<void>((done) => {
            socket.once("connect", () => done());
            socket.once("close", () => done());
          })
        : undefined,
    ),
  );
  await delay(50);
  return sockets;
}
