// SPDX-License-Identifier: Apache-2.0
/**
 * What each code means, documented once: for logs, metrics and docs.
 * `ignore`: no fault of the sender (a repeat, a message too early); it may come again.
 * `reject`: never right, however often it is sent.
 */
import type { Code } from "./codes.ts";

export type Action = "ignore" | "reject";

interface CodeInfo {
  readonly action: Action;
  readonly meaning: string;
}

function ignore(meaning: string): CodeInfo {
  return Object.freeze({ action: "ignore", meaning });
}

function reject(meaning: string): CodeInfo {
  return Object.freeze({ action: "reject", meaning });
}

export const MEANINGS: Readonly<Record<Code, CodeInfo>> = Object.freeze({
  // The message as such
  UNKNOWN_TOPIC: reject("no such topic under this area, or not one for nodes to publish on"),
  OVERSIZED: reject("longer than the limit for its kind"),
  MALFORMED: reject("not CBOR of the profile: only arrays, unsigned integers, bytes and text"),
  NON_CANONICAL: reject("an integer or a length is not in its shortest form"),
  WRONG_KIND: reject("the record is of another kind than the topic or envelope says"),
  UNSUPPORTED_VERSION: reject("a record version that this software does not know"),
  FIELD_RANGE: reject("a field is missing, of the wrong type or out of its range"),
  WRONG_NET: reject("made for another network"),
  NODE_MISMATCH: reject("the record names another node than the one that published it"),
  UNKNOWN_NODE: reject("the node is not a member of this area"),
  BAD_SIGNATURE: reject("the signature is not the member's over these bytes"),
  DUPLICATE: ignore("already accepted; the receipt is sent again"),
  GAP: ignore("an earlier message of this node is missing; send from the receipt on"),
  REGISTRATION_CLOSED: reject("this gateway admits listed members only"),
  NAME_TAKEN: reject("another member has this name"),
  AREA_FULL: reject("the area has as many members as its limit allows"),
  REPLAYED: reject("this transaction was accepted before under another number"),
  SAID_NUMBER: reject("the record is signed for another message number"),
  WALLETS_SET: reject("not a newer set of wallet addresses, or the one before is in no block yet"),

  // Who may take part
  NOT_ENROLLED: reject("no certificate of the authority; the node has to ask for one"),
  ENROL_PENDING: ignore("the request waits for the operator"),
  ENROL_REFUSED: reject("the operator refused the request"),
  ENROL_FULL: ignore("as many requests wait as the limit allows"),
  CERT_INVALID: reject("not a certificate of this network's authority for this key and purpose"),
  CERT_EXPIRED: reject("the certificate's time is over, or has not begun"),
  CERT_REVOKED: reject("the authority revoked the certificate"),
  CAPACITY_OVER: reject("a larger capacity than the certified connection carries"),
  WALLETS_UNPROVED: reject("a wallet address without proof that it is the sender's"),
  RATE_LIMITED: ignore("more messages than one member may send in that time"),

  // Readings
  READING_STALE: reject("not after the node's last reading"),
  READING_FUTURE: reject("for an instant that has not come yet"),
  REGISTER_DECREASED: reject("a register is lower than in the node's last reading"),
  REGISTER_JUMP: reject("more energy than the node's connection can carry in that time"),
  READING_TIME: reject("not taken at the boundary that it names"),

  // Events of meters
  EVENT_FORM: reject("the event's fields do not fit its kind"),
  EVENT_REGISTER: reject(
    "a register goes back in the event, or is lower than in the node's last reading",
  ),

  // Arrivals from another gateway
  ARRIVAL_ELSEWHERE: reject("the arrival is for another gateway"),
  ARRIVAL_CHAIN: reject("V3: the arrival's chain of transactions is behind the one that is known"),

  // Orders
  ORDER_LATE: reject("the slot is cleared already, or was never open"),
  ORDER_FUTURE: reject("the slot is not open yet"),
  ORDER_REPEATED: reject("the node has an order for this slot"),
  ORDER_NO_READING: reject("no readings at both ends of the slot back this order"),
  ORDER_OVER_METER: reject("more than the metered net of the slot"),
  ORDER_PRICE: reject("a bid or an offer without a price, or idle with one"),
  ORDER_NO_RESERVE: reject("a bid without a RESERVE of this node for this slot"),
  FEEDER_TRADES: reject("the area's feeder meter takes no part in the market"),

  // Plans of batteries
  PLAN_SLOT: ignore("for a slot that has begun, or that is not the next"),
  PLAN_FORM: reject("says more than the battery can hold, or the connection carry"),
  PLAN_STATION: reject("names a charging station that is no member of the area"),

  // Transactions: structure (V1 to V7)
  TX_EPOCH: reject("V1: neither the current nor the previous epoch"),
  TX_SEQ: reject("V3: the number is not the next of the node's chain"),
  TX_EQUIVOCATION: reject("V3: a second body for a number that the node has used"),
  TX_PREV: reject("V3: prev is not the node's last transaction"),
  TX_PARENTS: reject("V4: parents are not one or two distinct hashes in order"),
  TX_PARENT_UNKNOWN: reject("V4: a parent is not in the ledger"),
  TX_PARENT_OLD: reject("V5: a parent is older than the age limit"),
  TX_TOKENS: reject("V6: too few valid proof-of-time tokens"),
  TX_TIME: reject("V7: earlier than its parents, its predecessor plus Δ, or in the future"),
  TX_TICK: reject("V7: the tick is not that of its time stamp, or not after its predecessor's"),
  TX_CANCELLED: reject("its author took this body back"),
  TX_UNSOLID: ignore("V4: a parent has not come yet; the transaction waits for it"),
  TX_CONFLICT: reject("another transaction of the same conflict set came first"),
  AUTHOR_SUSPENDED: reject(
    "the author is suspended: there is proof that it signed what excludes each other",
  ),
  // What a witness answers in place of a token
  WITNESS_NOT_CHOSEN: reject("this node is not in the committee of the body"),
  WITNESS_TICK: ignore("the tick is not the present one, or not after the last one witnessed"),
  WITNESS_CLOCK: ignore("the stamp is further from the witness's clock than allowed"),
  WITNESS_BOUND: reject("the witness signed another body for this number or tick"),
  WITNESS_ABSTAINS: ignore("the witness lost its log, and signs nothing in this epoch"),
  WITNESS_BUSY: ignore("as many requests wait at the witness as the limit allows"),

  // Transactions: the trade (V8 to V10)
  LEGS: reject("V8: number or form of the legs does not fit the type"),
  WALLET_FOREIGN: reject("V10: the wallet is not the sender's"),
  RESERVE_SLOT: reject(
    "V8: a RESERVE or an OFFER for a slot that has begun, or further ahead than one",
  ),
  RESERVE_UNFUNDED: reject("V8: more than the wallet's free coins"),
  RESERVE_REPEATED: reject("V8: the node has reserved for this slot, or of this seller for it"),
  SOLD_NO_CONTRACT: reject("V8: no contract between these two for this slot"),
  SOLD_TERMS: reject("V8: quantity or payment differ from the contract"),
  SOLD_NO_RESERVE: reject("V8: the buyer's RESERVE is not live or holds less than the payment"),
  SOLD_REPEATED: reject("V8: this contract was sold already"),
  METER_RANGE: reject("V8: the meter range is not the leg's energy, overlaps, or is not metered"),
  BOUGHT_NO_SOLD: reject("V8: no such SOLD to this buyer"),
  BOUGHT_TERMS: reject("V8: quantity or payment differ from the SOLD"),
  BOUGHT_REPEATED: reject("V8: this SOLD was paid already"),
  BOUGHT_ORDER: reject(
    "V8: not later than its SOLD or RESERVE, or not above what it fulfils in its author's chain",
  ),
  SLOT_CLOSED: reject("V8: the slot is settled"),
  TYPE_UNSUPPORTED: reject("V8: a transaction type that this gateway does not take yet"),

  // Votes and proofs of fraud
  VOTE_UNKNOWN: ignore("a vote for a transaction that is not known"),
  VOTE_DOUBLE: reject("the voter voted for another transaction of the same conflict set"),
  EVIDENCE_INVALID: reject("the items do not prove the fraud"),

  // Offers to all (V8)
  OFFER_EXPIRED: reject("V8: the offer is over"),
  OFFER_OVERSOLD: reject(
    "V8: more than what is left of the offer, or than the seller's connection carries",
  ),
  OFFER_UNKNOWN: reject("V8: no such offer"),
  OFFER_TERMS: reject("V8: seller, price or energy are not those of the offer"),

  // What a node finds wrong with its gateway
  GATEWAY_EPOCH: reject(
    "the epoch's beacon is not of what was revealed, its members are not in order, or a quorum signed another",
  ),
  GATEWAY_SIGNATURE: reject("not signed by the gateway that this node trusts"),
  ORDER_NOT_INCLUDED: reject("the node's order is not in the book under the signed root"),
  FILL_WRONG: reject("the fill or the price does not follow the published rule"),
  CONTRACT_TERMS: reject("the contract's legs do not add up to the fill, or cost otherwise"),
  GATEWAY_CERTIFICATE: reject("the gateway has no certificate of the authority that counts"),
  GATEWAY_BALANCE: reject("the balance is not what the block's state root says"),
  GATEWAY_TRADE: reject("the trade is not in the block that is said to have settled it"),
  GATEWAY_CREDIT: reject("the payments of a token are not those that its chain says"),
  GATEWAY_LEDGER: reject(
    "the gateway's ledger is not the one that a quorum of the gateways signed",
  ),
  GATEWAY_UNCERTIFIED: reject("for long no quorum's signatures stood for what the gateway says"),
  GATEWAY_BEHIND: reject("the gateway knows less than it has receipted"),
  RECEIPT_DIGEST: reject("the receipt is for other bytes than this node said"),

  // Feeds of other gateways
  FEED_GAP: ignore("a segment before this one has not come yet; it is asked for"),
  FEED_FORK: reject("the gateway signed two segments of one number: both are kept as proof"),
  FEED_FAULT: reject("a segment of a gateway's feed that cannot be read, or is not signed by it"),
  FEED_STRANGER: reject("not of a gateway of this consortium"),

  // Firmware: what a node finds wrong with a release
  RELEASE_SIGNATURE: reject("not signed by the release key that this node trusts"),
  RELEASE_BOARD: reject("for another kind of board"),
  RELEASE_OLD: reject("not newer than the firmware that runs or ran here"),
  RELEASE_FLOOR: reject("only a newer firmware than the running one may install it"),
  RELEASE_SIZE: reject("the image is larger than the board's slot"),
  RELEASE_BAD: reject("not newer than a release that failed on this node"),
  // Firmware: how an update ended, or was held up
  UPDATE_GONE: ignore("the gateway does not hold this release"),
  UPDATE_FLASH: ignore("the flash did not take what was written"),
  UPDATE_HASH: ignore("the image is not the one that the release names"),
  UPDATE_BOOT: reject("the bootloader does not accept the image"),
  UPDATE_VERSION: reject("the image has another version than its release"),
  TRIAL_CUT: ignore("the trial ended with a reset before the image was confirmed"),
  TRIAL_GATES: reject("network, meter or storage did not work in time on trial"),
  // Firmware: what a gateway does not serve
  UPDATE_RATE: ignore("asked for chunks more often than the gateway serves them"),

  // Credit: why there is no loan
  LOAN_TERMS: reject("a parameter of the loan is out of its range"),
  LOAN_INELASTIC: reject("the stated need leaves the bank no best rate: it must be below θ"),
  LOAN_NO_MARGIN: reject("no rate at which the bank gains and the borrower still borrows"),
  LOAN_RATE_CAP: reject("the highest rate that is allowed does not cover the bank's cost"),
  LOAN_UNBOUNDED: reject("the bank gains with any rate, and no highest rate is set"),
  LOAN_LIVE: ignore("the borrower has a loan; there is another when it is repaid"),
  LOAN_BUDGET: ignore("the bank has not enough coins now"),
  CREDIT_BLACKLISTED: reject("the borrower is on the blacklist"),
  CREDIT_NEGATIVE: reject("the borrower's credit value is negative"),
  CREDIT_NO_WEALTH: reject("the borrower's account has no coins"),
  CREDIT_NO_INCOME: reject("the borrower has no regular income"),
  CREDIT_NO_USE: reject("nothing shows what energy from neighbours is worth to the borrower"),
  // Credit: what a loan does not take
  LOAN_STATE: reject("there is no loan in a state that takes this"),
  TOKEN_STALE: reject("not the newest version of the token"),
  TOKEN_EXPIRED: reject("the token's time is over"),
  TOKEN_OVERDRAWN: reject("more than the token's balance"),
  TOKEN_UNKNOWN: reject("no token of this borrower's present loan"),
  BANK_UNKNOWN: reject("no such bank, or not this gateway's"),
  CREDIT_UNFUNDED: ignore("the borrower has no free coins for it now"),

  // Consensus among gateways: what is not taken
  GATEWAY_UNKNOWN: reject("signed by none of the gateways that agree on this height"),
  HEIGHT_PAST: ignore("for a height that is decided"),
  HEIGHT_FUTURE: ignore(
    "for a height that this gateway is not at, and more than it keeps of one sender",
  ),
  ROUND_PAST: ignore("for a round that is over, and that nothing can come of"),
  ROUND_FUTURE: ignore("more rounds ahead than this gateway keeps of one sender"),
  PROPOSAL_LEADER: reject("not from the leader of its round"),
  PROPOSAL_WORK: reject("the proof-of-work's hash is not below the target, or there is none"),
  PROPOSAL_POLKA: reject("its prevotes are not a quorum for the block in its valid round"),
  PROPOSAL_BLOCK: reject("header and plan are not the block that it names"),
  QUORUM_INVALID: reject("the certificate is not that of a quorum for this block and height"),
  EQUIVOCATION: reject("the second of two different words for one round and phase"),
  // What an audit finds, beside what execution does
  BLOCK_PREV: reject("the block does not follow the last one of this chain"),
  BLOCK_EARLY: reject("the block is not later than the one before"),
  BLOCK_FUTURE: ignore("the block is further ahead of this gateway's clock than clocks may differ"),
  AUDIT_NONE: ignore("nil: no proposal came in time"),
  AUDIT_LOCKED: ignore("nil: this gateway is bound to another block by a quorum that it saw"),
  AUDIT_SPLIT: ignore("nil: no quorum of audits for one block in this round"),
  TURN_PLAN: reject(
    "nil: the turn takes in what a turn took in before, too much, or of a stranger",
  ),
  TURN_TERMS: reject("nil: the leader's settings are others than this gateway's"),
  TURN_LEDGER: reject("nil: the leader's ledger is another than this gateway's"),
  TURN_EPOCH: reject("nil: the leader's epoch is another than this gateway's"),
  TURN_REVEAL: reject("nil: the leader's part of the beacon is missing, or not its own"),
});
