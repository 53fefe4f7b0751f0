// SPDX-License-Identifier: Apache-2.0
/**
 * The codes of everything that is not accepted, documented once: for receipts, logs, metrics and docs.
 * `ignore`: no fault of the sender (a repeat, a message too early); it may come again.
 * `reject`: never right, however often it is sent. The number goes on the wire and never changes its meaning.
 */

export type Action = "ignore" | "reject";

interface CodeInfo {
  readonly wire: number;
  readonly action: Action;
  readonly meaning: string;
}

function code(wire: number, action: Action, meaning: string): CodeInfo {
  return Object.freeze({ wire, action, meaning });
}

export const CODES = Object.freeze({
  // The message as such
  UNKNOWN_TOPIC: code(
    1,
    "reject",
    "no such topic under this area, or not one for nodes to publish on",
  ),
  OVERSIZED: code(2, "reject", "longer than the limit for its kind"),
  MALFORMED: code(
    3,
    "reject",
    "not CBOR of the profile: only arrays, unsigned integers, bytes and text",
  ),
  NON_CANONICAL: code(4, "reject", "an integer or a length is not in its shortest form"),
  WRONG_KIND: code(5, "reject", "the record is of another kind than the topic or envelope says"),
  UNSUPPORTED_VERSION: code(6, "reject", "a record version that this software does not know"),
  FIELD_RANGE: code(7, "reject", "a field is missing, of the wrong type or out of its range"),
  WRONG_NET: code(8, "reject", "made for another network"),
  NODE_MISMATCH: code(9, "reject", "the record names another node than the one that published it"),
  UNKNOWN_NODE: code(10, "reject", "the node is not a member of this area"),
  BAD_SIGNATURE: code(11, "reject", "the signature is not the member's over these bytes"),
  DUPLICATE: code(12, "ignore", "already accepted; the receipt is sent again"),
  GAP: code(13, "ignore", "an earlier message of this node is missing; send from the receipt on"),
  REGISTRATION_CLOSED: code(14, "reject", "this gateway admits listed members only"),
  NAME_TAKEN: code(15, "reject", "another member has this name"),
  AREA_FULL: code(16, "reject", "the area has as many members as its limit allows"),
  REPLAYED: code(17, "reject", "this transaction was accepted before under another number"),
  SAID_NUMBER: code(18, "reject", "the record is signed for another message number"),
  WALLETS_SET: code(
    19,
    "reject",
    "not a newer set of wallet addresses, or the one before is in no block yet",
  ),

  // Who may take part
  NOT_ENROLLED: code(20, "reject", "no certificate of the authority; the node has to ask for one"),
  ENROL_PENDING: code(21, "ignore", "the request waits for the operator"),
  ENROL_REFUSED: code(22, "reject", "the operator refused the request"),
  ENROL_FULL: code(23, "ignore", "as many requests wait as the limit allows"),
  CERT_INVALID: code(
    24,
    "reject",
    "not a certificate of this network's authority for this key and purpose",
  ),
  CERT_EXPIRED: code(25, "reject", "the certificate's time is over, or has not begun"),
  CERT_REVOKED: code(26, "reject", "the authority revoked the certificate"),
  CAPACITY_OVER: code(27, "reject", "a larger capacity than the certified connection carries"),
  WALLETS_UNPROVED: code(28, "reject", "a wallet address without proof that it is the sender's"),
  RATE_LIMITED: code(29, "ignore", "more messages than one member may send in that time"),

  // Readings
  READING_STALE: code(30, "reject", "not after the node's last reading"),
  READING_FUTURE: code(31, "reject", "for an instant that has not come yet"),
  REGISTER_DECREASED: code(32, "reject", "a register is lower than in the node's last reading"),
  REGISTER_JUMP: code(
    33,
    "reject",
    "more energy than the node's connection can carry in that time",
  ),
  READING_TIME: code(34, "reject", "not taken at the boundary that it names"),

  // Events of meters
  EVENT_FORM: code(40, "reject", "the event's fields do not fit its kind"),
  EVENT_REGISTER: code(
    41,
    "reject",
    "a register goes back in the event, or is lower than in the node's last reading",
  ),

  // Orders
  ORDER_LATE: code(50, "reject", "the slot is cleared already, or was never open"),
  ORDER_FUTURE: code(51, "reject", "the slot is not open yet"),
  ORDER_REPEATED: code(52, "reject", "the node has an order for this slot"),
  ORDER_NO_READING: code(53, "reject", "no readings at both ends of the slot back this order"),
  ORDER_OVER_METER: code(54, "reject", "more than the metered net of the slot"),
  ORDER_PRICE: code(55, "reject", "a bid or an offer without a price, or idle with one"),
  ORDER_NO_RESERVE: code(56, "reject", "a bid without a RESERVE of this node for this slot"),

  // Transactions: structure (V1 to V7)
  TX_EPOCH: code(70, "reject", "V1: neither the current nor the previous epoch"),
  TX_SEQ: code(71, "reject", "V3: the number is not the next of the node's chain"),
  TX_EQUIVOCATION: code(72, "reject", "V3: a second body for a number that the node has used"),
  TX_PREV: code(73, "reject", "V3: prev is not the node's last transaction"),
  TX_PARENTS: code(74, "reject", "V4: parents are not one or two distinct hashes in order"),
  TX_PARENT_UNKNOWN: code(75, "reject", "V4: a parent is not in the ledger"),
  TX_PARENT_OLD: code(76, "reject", "V5: a parent is older than the age limit"),
  TX_TOKENS: code(77, "reject", "V6: too few valid proof-of-time tokens"),
  TX_TIME: code(
    78,
    "reject",
    "V7: earlier than its parents, its predecessor plus Δ, or in the future",
  ),
  TX_TICK: code(
    79,
    "reject",
    "V7: the tick is not that of its time stamp, or not after its predecessor's",
  ),

  // Transactions: the trade (V8 to V10)
  LEGS: code(90, "reject", "V8: number or form of the legs does not fit the type"),
  WALLET_FOREIGN: code(91, "reject", "V10: the wallet is not the sender's"),
  RESERVE_SLOT: code(
    92,
    "reject",
    "V8: a RESERVE for a slot that has begun, or further ahead than one",
  ),
  RESERVE_UNFUNDED: code(93, "reject", "V8: more than the wallet's free coins"),
  RESERVE_REPEATED: code(94, "reject", "V8: the node has reserved for this slot"),
  SOLD_NO_CONTRACT: code(95, "reject", "V8: no contract between these two for this slot"),
  SOLD_TERMS: code(96, "reject", "V8: quantity or payment differ from the contract"),
  SOLD_NO_RESERVE: code(
    97,
    "reject",
    "V8: the buyer's RESERVE is not live or holds less than the payment",
  ),
  SOLD_REPEATED: code(98, "reject", "V8: this contract was sold already"),
  METER_RANGE: code(
    99,
    "reject",
    "V8: the meter range is not the leg's energy, overlaps, or is not metered",
  ),
  BOUGHT_NO_SOLD: code(100, "reject", "V8: no such SOLD to this buyer"),
  BOUGHT_TERMS: code(101, "reject", "V8: quantity or payment differ from the SOLD"),
  BOUGHT_REPEATED: code(102, "reject", "V8: this SOLD was paid already"),
  BOUGHT_ORDER: code(
    103,
    "reject",
    "V8: not later than its SOLD, or the SOLD not later than its RESERVE",
  ),
  SLOT_CLOSED: code(104, "reject", "V8: the slot is settled"),
  TYPE_UNSUPPORTED: code(
    105,
    "reject",
    "V8: a transaction type that this gateway does not take yet",
  ),

  // What a node finds wrong with its gateway
  GATEWAY_SIGNATURE: code(120, "reject", "not signed by the gateway that this node trusts"),
  ORDER_NOT_INCLUDED: code(
    121,
    "reject",
    "the node's order is not in the book under the signed root",
  ),
  FILL_WRONG: code(122, "reject", "the fill or the price does not follow the published rule"),
  CONTRACT_TERMS: code(
    123,
    "reject",
    "the contract's legs do not add up to the fill, or cost otherwise",
  ),
  GATEWAY_CERTIFICATE: code(
    127,
    "reject",
    "the gateway has no certificate of the authority that counts",
  ),
  GATEWAY_BEHIND: code(125, "reject", "the gateway knows less than it has receipted"),
  GATEWAY_BALANCE: code(126, "reject", "the balance is not what the block's state root says"),
  RECEIPT_DIGEST: code(124, "reject", "the receipt is for other bytes than this node said"),

  // Firmware: what a node finds wrong with a release
  RELEASE_SIGNATURE: code(140, "reject", "not signed by the release key that this node trusts"),
  RELEASE_BOARD: code(141, "reject", "for another kind of board"),
  RELEASE_OLD: code(142, "reject", "not newer than the firmware that runs or ran here"),
  RELEASE_FLOOR: code(143, "reject", "only a newer firmware than the running one may install it"),
  RELEASE_SIZE: code(144, "reject", "the image is larger than the board's slot"),
  RELEASE_BAD: code(145, "reject", "not newer than a release that failed on this node"),
  // Firmware: how an update ended, or was held up
  UPDATE_GONE: code(150, "ignore", "the gateway does not hold this release"),
  UPDATE_FLASH: code(151, "ignore", "the flash did not take what was written"),
  UPDATE_HASH: code(152, "ignore", "the image is not the one that the release names"),
  UPDATE_BOOT: code(153, "reject", "the bootloader does not accept the image"),
  UPDATE_VERSION: code(154, "reject", "the image has another version than its release"),
  TRIAL_CUT: code(155, "ignore", "the trial ended with a reset before the image was confirmed"),
  TRIAL_GATES: code(156, "reject", "network, meter or storage did not work in time on trial"),
  // Firmware: what a gateway does not serve
  UPDATE_RATE: code(157, "ignore", "asked for chunks more often than the gateway serves them"),
} as const);

export type Code = keyof typeof CODES;

/** An expected outcome: taken, or not taken and why. */
export type Verdict = { ok: true } | { ok: false; code: Code; detail: string };

/** The one accepting verdict. */
export const ACCEPT: Verdict = Object.freeze({ ok: true });

/** A verdict that says no, with a detail for the log. */
export function refuse(code: Code, detail = ""): { ok: false; code: Code; detail: string } {
  return { ok: false, code, detail };
}

const BY_WIRE = new Map<number, Code>();
for (const name of Object.keys(CODES) as Code[]) BY_WIRE.set(CODES[name].wire, name);

/** The code with wire number `wire`, or undefined for one of a newer version. */
export function codeOfWire(wire: number): Code | undefined {
  return BY_WIRE.get(wire);
}
