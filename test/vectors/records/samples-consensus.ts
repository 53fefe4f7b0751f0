// SPDX-License-Identifier: Apache-2.0
/** Values of the records by which gateways agree. */
import { signRecord } from "#core/codec/record";
import { nobleCrypto } from "#core/crypto/noble";
import {
  decisionRecord,
  equivocationRecord,
  gatewayVoteRecord,
  Phase,
  polkaRecord,
  proposalRecord,
  proposedRecord,
  quorumRecord,
  statusRecord,
} from "#core/records/consensus";
import { TEST_SEED } from "./check.ts";
import {
  counting,
  gateway,
  hash,
  NAME_MAX,
  net,
  SAFE_MAX,
  type Sample,
  sample,
  U32_MAX,
} from "./sample.ts";

const crypto = nobleCrypto();
const header = counting(300, 1);
const plan = counting(80, 9);
const none = new Uint8Array(0);

const proposal = {
  net,
  height: 7,
  round: 1,
  validRound: 0,
  proposer: gateway,
  block: hash(0x21),
  nonce: undefined,
};
const largest = {
  ...proposal,
  net: NAME_MAX,
  height: U32_MAX,
  round: U32_MAX,
  validRound: U32_MAX,
  nonce: SAFE_MAX,
};
const prevote = {
  net,
  height: 7,
  round: 0,
  phase: Phase.prevote,
  voter: gateway,
  block: hash(0x21),
  code: 0,
  heard: none,
  agreed: none,
};
const signed = (value: typeof prevote) =>
  signRecord(gatewayVoteRecord, crypto, TEST_SEED, value).bytes;
const voice = (voter: number) => ({
  voter,
  heard: counting(1, 0x0f),
  agreed: counting(1, 0x0d),
  signature: counting(64, voter),
});
const quorum = {
  net,
  height: 7,
  round: 1,
  header: hash(1),
  plan: hash(2),
  voices: [0, 2, 3].map(voice),
};

export const CONSENSUS_SAMPLES: readonly Sample[] = [
  sample(proposalRecord, "a block that a quorum prevoted in round 0", proposal),
  sample(proposalRecord, "a new block", { ...proposal, round: 0, validRound: undefined }),
  sample(proposalRecord, "the largest proposal, with work", largest),
  sample(proposedRecord, "a proposal with its block and a prevote", {
    proposal: signRecord(proposalRecord, crypto, TEST_SEED, proposal).bytes,
    header,
    plan,
    polka: [signed(prevote)],
  }),
  sample(gatewayVoteRecord, "a prevote", prevote),
  sample(gatewayVoteRecord, "a prevote for none, with the audit's code", {
    ...prevote,
    block: undefined,
    code: 201,
  }),
  sample(gatewayVoteRecord, "the largest precommit", {
    ...prevote,
    net: NAME_MAX,
    height: U32_MAX,
    round: U32_MAX,
    phase: Phase.precommit,
    heard: counting(8, 0xf0),
    agreed: counting(8, 0xe0),
  }),
  sample(quorumRecord, "a certificate of three of four", quorum),
  sample(decisionRecord, "a decided block", { header, plan, quorum: quorumRecord.encode(quorum) }),
  sample(polkaRecord, "a quorum's prevotes", { header, plan, votes: [signed(prevote)] }),
  sample(equivocationRecord, "two prevotes of one round", {
    net,
    publicKey: crypto.publicKey(TEST_SEED),
    items: [signed(prevote), signed({ ...prevote, block: hash(0x41) })],
  }),
  sample(statusRecord, "a gateway that wants a block", {
    net,
    gateway,
    height: 7,
    round: 1,
    wants: 1,
    ask: undefined,
    answer: undefined,
  }),
  sample(statusRecord, "a question and an answer", {
    net,
    gateway,
    height: 0,
    round: 0,
    wants: 0,
    ask: counting(16, 3),
    answer: counting(16, 5),
  }),
];
