// SPDX-License-Identifier: Apache-2.0
/**
 * What an audit of a log can find, documented once: for the verifier's output, its JSON and the
 * docs. The codes of what a *node* did wrong are core/errors/codes.ts; these say what the keeper of
 * the log did wrong.
 */

export const AUDIT_CODES = Object.freeze({
  // The log as such
  ENTRY_INDEX: "entries are not numbered 1, 2, 3 … without gaps",
  ENTRY_KIND: "an entry of a kind that this software does not know",
  ENTRY_MALFORMED: "an entry is not the one canonical encoding of its kind",
  WORLD_FIRST: "the log does not begin with the world entry",
  WORLD_REPEATED: "a second world entry",
  WORLD_RANGE: "the world has a name, a length or a time that no gateway can run with",
  WORLD_GATEWAY: "the log is of another gateway than the reader asked for",
  ENTRY_IMPOSSIBLE: "no rule can be applied to what an entry says; the audit ends here",
  RECORD_MALFORMED: "a signed record inside an entry does not decode",
  SIGNATURE_NODE:
    "the signature is not the member's over these bytes: they were changed or made up",
  SIGNATURE_GATEWAY: "the signature is not the gateway's over these bytes",
  WRONG_ORIGIN: "a record names another network, gateway or epoch than its log",

  // Gateways that agree
  CONSORTIUM: "the list of gateways is not at the log's beginning, or repeats one",
  TURN_FEED: "a segment that its gateway did not sign, that is no use, or that a turn lacks",
  TURN_CHAIN: "height, predecessor, settings or time of a turn do not continue the chain",
  TURN_EPOCH: "a turn names another epoch than the turns before it led to",
  TURN_LEDGER: "a turn names another ledger than the turns before it led to",
  TURN_QUORUM: "no quorum of the gateways signed this turn",
  TURN_PART: "the leader's part of a beacon is not its own",
  STATE: "a state that is damaged, that is of other turns, or that too few gateways signed",
  TURN_FOREIGN: "an entry that comes of no message of its turn",

  // Who may take part
  AUTHORITY: "the authority's record is not its own, or a second one",
  CERTIFICATE: "a certificate that the authority did not seal, or an old one",
  REVOCATIONS: "a list that the authority did not sign, or an old one",

  // Members and what they said
  MEMBER_REPEATED: "a node was admitted twice",
  MEMBER_NAME: "a name that another member has on the monitor's topics, or that none may have",
  MEMBER_WALLET: "wallet addresses that the member does not prove to be its own, or that are taken",
  SAID_UNKNOWN_NODE: "words of a node that is not a member",
  SAID_NUMBER: "a node's numbers are not contiguous: something it said is missing or repeated",
  SAID_REPLAYED:
    "a number was used up by what takes none: signed for another number, or accepted before",
  SAID_AUTHOR: "the record names another node or network than the entry",
  SAID_KIND: "a kind of message that takes no number",
  SAID_TAKEN: "accepted, although a rule of the intake refuses it",
  SAID_REFUSED: "refused, although every rule of the intake accepts it",
  SAID_CODE: "refused with another code than the rules give, or one that does not exist",

  // Slots
  NOTICE_SLOT: "a notice out of order, twice, or while an earlier slot is open",
  NOTICE_TIME: "a notice whose times are not those of its slot and world",
  NOTICE_RULE: "the market's rule or its prices changed between two notices",
  NOTICE_MEMBERS: "a slot waits for a node that is not a member, or for one twice",
  DEMAND_SLOT: "a demand for a slot that is not open, twice, or in a market without guidance",
  DEMAND_WRONG: "the demand is not the sum of the bids, or the guidance not what it gives",
  MISSED_SLOT: "members are listed as missing in a slot that is not open, or twice",
  MISSED_UNLISTED:
    "a slot went on without a member that it waited for and does not list it as missing",
  MISSED_WITHOUT_CAUSE: "a member is listed as missing that did its part",

  // Proof-of-time and votes
  EPOCH_ORDER: "an epoch out of order, or a second one before one slot",
  EPOCH_TIME: "an epoch does not begin with its slot",
  EPOCH_MEMBERS:
    "the members of an epoch are not those who spoke in the one before and may take part",
  EPOCH_BEACON: "the beacon is not what the gateway's signature over the epoch's number gives",
  EPOCH_COMMITTEE: "witnesses and tokens of an epoch are not those of its number of members",
  TOKEN_SIGNATURE: "a token that its witness did not sign for this transaction",
  TOKEN_TWICE:
    "the gateway witnessed two bodies for one number or tick, none of which was taken back",
  TOKEN_UNLOGGED: "a token of the gateway that its log does not have",
  VOTE_MEMBER: "a vote of somebody who may not vote in its epoch",
  EVIDENCE: "a proof that proves nothing, or against nobody who can be suspended",

  // Clearings
  CLEARING_SLOT: "a clearing for a slot that is not open, or a second one",
  CLEARING_TIME: "cleared before the slot was over",
  CLEARING_RULE: "the rule applied is not the one that the notice announced",
  BOOK_DROPPED: "an order that was admitted in time is neither in the book nor excluded",
  BOOK_FOREIGN: "an order in the book that no member sent in time",
  BOOK_EXCLUDED: "an order was excluded from the book without a cause",
  BOOK_UNFUNDED: "a bid is in the book that its RESERVE does not cover",
  BOOK_ORDER: "the book is not in ascending order of ids without repeats",
  BOOK_ROOT: "the published root or number of orders is not the book's",
  BOOK_INVALID: "the market cannot clear this book",
  CLEARING_PRICE: "the published price is not what the book gives",
  CLEARING_SUMMARY: "the published quantities or marginal prices are not what the book gives",
  PAIR_WRONG: "a contract's parties, quantity, price or place differ from what the book gives",
  PAIR_ECASH: "a contract's payment is not its quantity at its price, rounded up",
  PAIR_ROOT: "the published root or number of contracts is not that of the contracts",

  // Blocks
  BLOCK_CHAIN: "height, predecessor, leader or time do not continue the chain",
  BLOCK_ROOT: "a root in the header is not that of the block's list",
  BLOCK_TX_UNKNOWN: "a transaction that was never accepted, or is in an earlier block",
  BLOCK_TX_MISSING: "an accepted transaction was left out of the block",
  BLOCK_TX_ORDER: "transactions are not in order of effective time and id",
  BLOCK_CUT: "the cut is not the tips of the block's transactions",
  BLOCK_EVENTS:
    "members, wallets, readings and clearings are not those of the log since the last block",
  BLOCK_REJECTED: "other transactions are rejected than the ledger's rules reject",
  BLOCK_EFFECTS: "coins moved otherwise than the ledger's rules move them",
  BLOCK_STATE: "the state root is not that of the ledger after this block",
  BLOCK_CLOSED: "slots are closed out of order or before they were cleared",
  PUBLIC_BLOCK: "the public form of a block is missing, or not what the block and its salt give",
  BLOCK_EXECUTE: "the ledger cannot execute this block; the audit ends here",
  GENESIS: "genesis coins after the first block, or unequal or to others than its members",
  DEPOSIT:
    "a deposit outside of a slot's closing, or one that favours some accounts over poorer ones",
  WITHDRAW:
    "a withdrawal outside of a slot's closing, from others than free coins, or to another level",
  REWARDS: "terms of rewards that cannot be carried out, or that come after the first member",
  COINS: "genesis and minted coins are not those in wallets, locks, reserves and burned",
  CREDIT: "loans, tokens or a bank's sums break an invariant of credit",

  // Energy and payments
  PAY_NO_SOLD: "a payment without a SOLD that it settles",
  PAY_NO_BOUGHT: "a payment without the buyer's BOUGHT for this SOLD",
  PAY_TERMS: "a payment of another amount, quantity or wallet than its SOLD says",
  PAY_TWICE: "one leg of a SOLD was paid twice",
  PAY_ARBITRATED:
    "a SOLD without BOUGHT was settled for more than the two meters leave, or although its buyer answered",
  PAY_ORDER: "BOUGHT is not later than SOLD, or SOLD not later than RESERVE",
  METER_RANGE: "a leg's stretch of the register overlaps another, or is not its energy",
  METER_OVER: "more sold than exported, or more bought than imported, by the signed readings",
} as const);

export type AuditCode = keyof typeof AUDIT_CODES;
