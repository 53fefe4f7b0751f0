// SPDX-License-Identifier: Apache-2.0
/** Every record type of the protocol in order of kind: what docs/protocol.cddl and the vectors cover. */
import type { RecordType } from "../codec/record.ts";
import { accountRecord } from "./account.ts";
import { arrivalRecord } from "./arrival.ts";
import { authorityRecord, revocationsRecord } from "./authority.ts";
import { bankRecord, blacklistRecord } from "./bank.ts";
import { blockRecord, headerRecord } from "./block.ts";
import { certificateRecord, enrolRecord } from "./certificate.ts";
import { certifiedRecord, changedRecord } from "./certified.ts";
import { clearingRecord } from "./clearing.ts";
import { connectRecord } from "./connect.ts";
import {
  decisionRecord,
  equivocationRecord,
  gatewayVoteRecord,
  polkaRecord,
  proposalRecord,
  proposedRecord,
  quorumRecord,
  statusRecord,
} from "./consensus.ts";
import { contractRecord } from "./contract.ts";
import {
  creditNoticeRecord,
  creditTokenRecord,
  loanRequestRecord,
  paymentRecord,
  paymentsRecord,
  repaymentRecord,
  topUpRecord,
} from "./credit.ts";
import { epochRecord } from "./epoch.ts";
import { eventRecord } from "./event.ts";
import { configRecord, memberRecord } from "./member.ts";
import { capsRecord, demandRecord, noticeRecord } from "./notice.ts";
import { orderRecord } from "./order.ts";
import { planRecord, windowRecord } from "./plan.ts";
import { proofRecord } from "./proof.ts";
import { publicBlockRecord } from "./public-block.ts";
import { readersRecord } from "./readers.ts";
import { readingRecord } from "./reading.ts";
import { receiptRecord, upRecord } from "./receipt.ts";
import { changeRecord } from "./registry.ts";
import { chunkRecord, fetchRecord, releaseRecord } from "./release.ts";
import { segmentRecord } from "./segment.ts";
import { settlementRecord } from "./settlement.ts";
import { pieceRecord, pieceWantedRecord, stateOfferRecord, stateWantedRecord } from "./state.ts";
import { cutsRecord, turnRecord, wantedRecord } from "./turn.ts";
import { bodyRecord, txRecord } from "./tx.ts";
import { evidenceRecord, voteRecord } from "./vote.ts";
import { walletsRecord } from "./wallets.ts";
import { askRecord, cancelRecord, tokenRecord } from "./witness.ts";

/** All record types by rising kind. */
export const ALL_RECORDS: readonly RecordType<unknown>[] = Object.freeze([
  memberRecord,
  configRecord,
  noticeRecord,
  readingRecord,
  orderRecord,
  demandRecord,
  clearingRecord,
  contractRecord,
  bodyRecord,
  txRecord,
  capsRecord,
  receiptRecord,
  headerRecord,
  blockRecord,
  accountRecord,
  upRecord,
  eventRecord,
  releaseRecord,
  fetchRecord,
  chunkRecord,
  authorityRecord,
  revocationsRecord,
  enrolRecord,
  certificateRecord,
  connectRecord,
  walletsRecord,
  publicBlockRecord,
  proofRecord,
  epochRecord,
  askRecord,
  tokenRecord,
  cancelRecord,
  voteRecord,
  evidenceRecord,
  planRecord,
  windowRecord,
  arrivalRecord,
  settlementRecord,
  segmentRecord,
  readersRecord,
  proposalRecord,
  proposedRecord,
  gatewayVoteRecord,
  quorumRecord,
  decisionRecord,
  equivocationRecord,
  statusRecord,
  polkaRecord,
  turnRecord,
  cutsRecord,
  wantedRecord,
  changeRecord,
  certifiedRecord,
  changedRecord,
  bankRecord,
  loanRequestRecord,
  topUpRecord,
  repaymentRecord,
  creditTokenRecord,
  paymentRecord,
  creditNoticeRecord,
  paymentsRecord,
  blacklistRecord,
  stateWantedRecord,
  stateOfferRecord,
  pieceWantedRecord,
  pieceRecord,
]);

/**
 * Whether records of this type travel as `[bstr record, bstr signature]`. The others do not: a transaction
 * carries its own signature, over its body and tokens; a block's is its header's; an `up` carries a
 * signed one; a firmware image is signed as a whole by its release; a certificate is sealed
 * (core/trust/certificate.ts); a token is signed by itself, and so is what evidence is made of; of a
 * settlement the header is.
 */
export function travelsSigned(type: RecordType<unknown>): boolean {
  return !UNSIGNED.some((other) => other === type);
}

const UNSIGNED: readonly unknown[] = Object.freeze([
  bodyRecord,
  txRecord,
  blockRecord,
  upRecord,
  fetchRecord,
  chunkRecord,
  certificateRecord,
  tokenRecord,
  evidenceRecord,
  settlementRecord,
  proposedRecord,
  quorumRecord,
  decisionRecord,
  equivocationRecord,
  polkaRecord,
  turnRecord,
  cutsRecord,
  wantedRecord,
  stateWantedRecord,
  pieceWantedRecord,
  pieceRecord,
  certifiedRecord,
  changedRecord,
]);
