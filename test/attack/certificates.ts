// SPDX-License-Identifier: Apache-2.0
/**
 * Certificates that do not count: revoked, over, not begun, another's, of another authority, damaged; shown by
 * their owner and by others, and put into the operator's folder. Nobody becomes a member by any of them.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Subject } from "#core/records/authority";
import { type Certificate, certificateRecord } from "#core/records/certificate";
import { encodeSealed, openCertificate, SEAL_BYTES } from "#core/trust/certificate";
import { TestAuthority } from "../helpers/authority.ts";
import { crypto } from "../helpers/local-area.ts";
import { dialAs, hangUp, sayAll } from "./dial.ts";
import { risen } from "./metrics.ts";
import { AREA, helloOf, NET, type Person, person } from "./people.ts";
import type { Plan } from "./report.ts";
import { type Group, type Scene, TOPICS } from "./scene.ts";

const group = "certificates";

type Attack = Omit<Plan, "group">;

export const certificatesGroup: Group = {
  name: group,
  async run(scene) {
    const { stage, report } = scene;
    await stage.until(() => stage.idle, "the slots of this group");
    const attacks = [hellos(scene), shown(scene), folder(scene), ousted(scene), imposter(scene)];
    for (const attack of attacks.flat()) {
      await stage.everybody();
      await report.run({ still: true, ...attack, group });
    }
  },
};

/** `who` shows certificates and asks to be a member. */
async function asks({ stage }: Scene, who: Person, certificates: readonly Uint8Array[] = []) {
  const client = await dialAs(stage, who, { from: "127.0.0.8" });
  const certificate = TOPICS.up(who.id, "certificate");
  await sayAll(
    client,
    certificates.map((payload) => ({ topic: certificate, payload })),
  );
  const hello = { topic: TOPICS.up(who.id, "enrol"), payload: helloOf(who, stage.gatewayKey) };
  await sayAll(client, [hello]);
  await hangUp(client);
}

function hellos(scene: Scene): Attack[] {
  const { stage, guest, revoked, expired, early } = scene;
  const hello = (what: string, who: Person, code: string): Attack => ({
    attack: `a hello with ${what}`,
    codes: [`message ${code}`],
    act: async () => {
      await asks(scene, who);
      return { tries: 1, successes: 0 };
    },
  });
  return [
    hello("no certificate", guest, "NOT_ENROLLED"),
    hello("a revoked certificate", revoked, "CERT_REVOKED"),
    hello("an expired certificate", expired, "CERT_EXPIRED"),
    hello("a certificate that has not begun", early, "CERT_EXPIRED"),
    {
      attack: "a revoked certificate is shown again before the hello",
      codes: ["message CERT_REVOKED"],
      act: async () => {
        await asks(scene, revoked, [stage.certificateOf(revoked)]);
        return { tries: 1, successes: 0 };
      },
    },
    {
      attack: "members' hellos, and then the hello of a node without a certificate",
      codes: ["message NOT_ENROLLED", "message NODE_MISMATCH"],
      act: async () => {
        const client = await dialAs(stage, guest, { from: "127.0.0.8" });
        const topic = TOPICS.up(guest.id, "enrol");
        const hellos = stage.members.map(({ spoken }) => spoken.find((s) => s.kind === "enrol")!);
        await sayAll(client, [
          ...hellos.map(({ payload }) => ({ topic, payload })),
          { topic, payload: helloOf(guest, stage.gatewayKey) },
        ]);
        await hangUp(client);
        return { tries: hellos.length + 1, successes: 0 };
      },
    },
  ];
}

/** What a node without a certificate may show, and what comes of it. */
function shown(scene: Scene): Attack[] {
  const { stage, guest, seller, scale } = scene;
  const { authority } = stage;
  const twin = new TestAuthority(NET, "twin");
  const abroad = new TestAuthority("elsewhere");
  const good = authority.issue(guest.publicKey);
  const show = (attack: string, code: string, certificates: Uint8Array[]): Attack => ({
    attack: `shown by its owner: ${attack}`,
    codes: [`message ${code}`, "message NOT_ENROLLED", "message ENROL_FULL"],
    act: async () => {
      await asks(scene, guest, certificates);
      return { tries: certificates.length + 1, successes: 0 };
    },
  });
  const step = scale.full ? 1 : 16;
  const sealAt = good.length - 1 - SEAL_BYTES; // the anchor of a node's is one byte, 0
  const damaged = [...good.keys()]
    .filter((at) => at >= sealAt && at < good.length - 1 && at % step === 0)
    .map((at) => good.map((byte, i) => (i === at ? byte ^ 1 : byte)));
  const everywhere = [...good.keys()]
    .filter((at) => at < sealAt && at % step === 0)
    .map((at) => good.map((byte, i) => (i === at ? byte ^ 1 : byte)));
  return [
    show("another authority's with the same net, name and serial", "CERT_INVALID", [
      twin.issue(guest.publicKey, { authority: authority.id, serial: 2 }),
      twin.issue(guest.publicKey),
    ]),
    show("one of another net", "WRONG_NET", [abroad.issue(guest.publicKey)]),
    show("its seal damaged at every byte", "CERT_INVALID", damaged),
    {
      ...show("its record damaged at every byte", "CERT_INVALID", everywhere),
      codes: FORM.map((code) => `message ${code}`),
    },
    show("another's seal under its own record", "CERT_INVALID", [transplanted(scene)]),
    show("another's certificate", "NODE_MISMATCH", [
      stage.certificateOf(seller),
      stage.certificateOf(stage.gatewayPerson),
    ]),
    show("another's id with its own key", "CERT_INVALID", [
      authority.issue(guest.publicKey, { id: seller.idBytes }),
    ]),
    show("its own id with another's key", "CERT_INVALID", [
      authority.issue(seller.publicKey, { id: guest.idBytes }),
    ]),
  ];
}

const FORM = [
  ...["MALFORMED", "NON_CANONICAL", "WRONG_KIND", "UNSUPPORTED_VERSION", "FIELD_RANGE"],
  ...["WRONG_NET", "NODE_MISMATCH", "CERT_INVALID", "ENROL_FULL", "NOT_ENROLLED"],
];

/** A record that says what the guest would like, with the seal of the seller's certificate. */
function transplanted(scene: Scene): Uint8Array {
  const { stage, guest, seller } = scene;
  const opened = openCertificate(crypto, stage.certificateOf(seller));
  if (!opened.ok) throw new Error(opened.detail);
  const { publicKey, idBytes: id } = guest;
  const value: Certificate = { ...opened.value, publicKey, id };
  return encodeSealed(certificateRecord.encode(value), opened.seal, undefined);
}

/** What somebody puts into the operator's folder; the gateway looks, and the guest asks. */
function folder(scene: Scene): Attack[] {
  const { stage, guest, revoked } = scene;
  const twin = new TestAuthority(NET, "twin");
  const planted = (
    attack: string,
    files: Record<string, Uint8Array>,
    codes: string[],
    who = guest,
  ): Attack => ({
    attack: `in the folder: ${attack}`,
    codes: [...new Set(codes)].map((code) => `message ${code}`),
    act: async () => {
      const before = new Map(
        Object.keys(files)
          .filter((name) => !name.endsWith(".cert"))
          .map((name) => [name, Uint8Array.from(readFileSync(join(stage.identity, name)))]),
      );
      for (const [name, bytes] of Object.entries(files)) stage.put(name, bytes);
      const counts = await stage.metrics();
      const seen = codes.length - 1; // the last one is the hello's
      await stage.look((metrics) => total(risen(counts, metrics)) >= seen);
      await asks(scene, who);
      for (const name of Object.keys(files)) stage.take(name);
      for (const [name, bytes] of before) stage.put(name, bytes);
      return { tries: codes.length, successes: 0 };
    },
  });
  const forgedList = new TestAuthority(NET, "twin");
  forgedList.list([]);
  forgedList.list([]);
  const broken = stage.authority.issue(guest.publicKey);
  broken[broken.length - 5] ^= 1;
  return [
    planted(
      "a certificate of another authority, a damaged one, and noise",
      {
        "901.cert": twin.issue(guest.publicKey, { authority: stage.authority.id, serial: 901 }),
        "902.cert": broken,
        "903.cert": Uint8Array.of(1, 2, 3),
      },
      ["CERT_INVALID", "CERT_INVALID", "MALFORMED", "NOT_ENROLLED"],
    ),
    planted(
      "a list of another authority that revokes nobody",
      { "revoked-nodes.cbor": forgedList.list([]) },
      ["CERT_INVALID", "CERT_REVOKED"],
      revoked,
    ),
    planted(
      "a list by the authority's name that another key signed",
      { "revoked-nodes.cbor": disguised(scene) },
      ["BAD_SIGNATURE", "CERT_REVOKED"],
      revoked,
    ),
    planted(
      "another authority's record in place of the authority's, and its certificate",
      { "authority.cbor": twin.record(), "904.cert": twin.issue(guest.publicKey) },
      ["CERT_INVALID", "CERT_INVALID", "NOT_ENROLLED"],
    ),
    planted(
      "a certificate of the gateway whose anchor signature is damaged",
      { "905.cert": damagedAnchor(scene) },
      ["CERT_INVALID", "NOT_ENROLLED"],
    ),
  ];
}

function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

/** A list that says it is the authority's and has a later number. */
function disguised({ stage }: Scene): Uint8Array {
  const thief = new TestAuthority(NET, "thief");
  for (let i = 0; i < 8; i++) thief.list([]);
  Object.defineProperty(thief, "id", { value: stage.authority.id });
  return thief.list([]);
}

function damagedAnchor({ stage }: Scene): Uint8Array {
  const { authority, gatewayKey } = stage;
  const made = authority.issue(gatewayKey, { subject: Subject.gateway, area: AREA });
  made[made.length - 3] ^= 1;
  return made;
}

/** A member is revoked in the middle, and an older list is put back. */
function ousted(scene: Scene): Attack[] {
  const { stage, mallory } = scene;
  let older: Uint8Array;
  const speaks = async () => {
    const client = await dialAs(stage, mallory, { from: "127.0.0.8" });
    const payload = stage.members[0].spoken.find(({ kind }) => kind === "reading")!.payload;
    await sayAll(client, [
      { topic: TOPICS.up(mallory.id, "reading"), payload },
      { topic: TOPICS.up(mallory.id, "enrol"), payload: helloOf(mallory, stage.gatewayKey) },
    ]);
    await hangUp(client);
    return { tries: 2, successes: 0 };
  };
  const codes = ["publish BARRED", "message CERT_REVOKED"];
  return [
    {
      attack: "a member that was revoked a moment ago goes on",
      codes,
      prepare: async () => {
        older = Uint8Array.from(readFileSync(join(stage.identity, "revoked-nodes.cbor")));
        await stage.revoke([mallory]);
      },
      act: speaks,
    },
    {
      attack: "the list of before, which does not name it, is put back",
      codes,
      prepare: async () => {
        stage.put("revoked-nodes.cbor", older);
        await stage.look();
      },
      act: speaks,
    },
    {
      attack: "the same after a restart of the gateway",
      codes,
      prepare: () => stage.restart(),
      act: speaks,
    },
  ];
}

/** The authority certified it as a gateway: that makes no member of it. */
function imposter(scene: Scene): Attack[] {
  const { stage } = scene;
  const who = person("imposter");
  return [
    {
      attack: "a gateway's certificate, rightly made, in place of a node's",
      codes: ["message CERT_INVALID"],
      still: false,
      act: async () => {
        const fields = { subject: Subject.gateway, area: AREA };
        const members = (await stage.metrics()).get("wattle_members");
        stage.certify(who, fields);
        await stage.enter(who);
        await asks(scene, who);
        const after = (await stage.metrics()).get("wattle_members");
        // Whoever is out is told so once with what is new after a restart.
        const besides = ["message CERT_REVOKED"];
        return { tries: 1, successes: after === members ? 0 : 1, besides };
      },
    },
  ];
}
