// SPDX-License-Identifier: Apache-2.0
/**
 * Every bound on what comes from outside or accumulates, each with its reason. A limit that a peer
 * can hit has
 * a code in errors/codes.ts; one that only our own bug can hit is an assertion.
 */

/**
 * Largest MQTT payload that is looked at, but for a clearing (its record). A contract with 32 legs
 * takes 5.5 KB.
 */
export const MESSAGE_BYTES_MAX = 16 * 1024;
/** Largest transaction body: 32 legs of about 110 bytes (ledger 4.2). */
export const BODY_BYTES_MAX = 4096;
/** Counterparties that one transaction serves (ledger 4.2). */
export const LEGS_MAX = 32;
/** Transactions that one transaction approves (ledger 4.2: two caps). */
export const PARENTS_MAX = 2;
/** Proof-of-time tokens on one transaction: the largest committee of ledger 4.4. */
export const TOKENS_MAX = 31;
/** Nested arrays on the wire: a record in an envelope, its list, a leg, its meter range, and slack of two. */
export const WIRE_DEPTH_MAX = 6;
/** Items in one array on the wire: the effects of one block, eight for each member. */
export const WIRE_ARRAY_MAX = 8192;
/** Items in one message: a block of 8192 effects of ten items, and the lists beside them. */
export const WIRE_ITEMS_MAX = 131_072;
/** Energy in one leg, order or slot, Wh: a 1 GW plant for an hour; keeps qty × price below 2^63. */
export const QTY_WH_MAX = 1_000_000_000;
/** Price, µc per kWh: a thousand coins a kWh is beyond any scarcity price. */
export const PRICE_MICRO_MAX = 1_000_000_000;
/** Coins in one wallet or payment, µc: a billion coins, and 9 of them still add up below 2^53. */
export const MICRO_MAX = 1_000_000_000_000_000;
/** Wallet addresses of one account. */
export const WALLETS_MAX = 16;
/** Characters of a name that people give (network, area, meter). */
export const NAME_CHARS_MAX = 40;
/** Caps in one broadcast: twenty are usual at ten concurrent transactions per latency (ledger 4.3). */
export const CAPS_MAX = 32;
/** Refusals listed in one receipt; more go into the next receipt. */
export const REFUSALS_MAX = 64;
/** Messages that a node keeps until they are receipted: two days of quarter-hours without a gateway. */
export const OUTBOX_MAX = 512;
/** Un-receipted messages that a node sends in one burst after connecting; the rest follow the receipts. */
export const OUTBOX_WINDOW = 64;
/** Real time after which a message without receipt is sent again, ms: ten times a slow round trip. */
export const RESEND_AFTER_MS = 10_000;
/** Longest pause between re-sends, ms (full jitter backs off up to here). */
export const RESEND_MAX_MS = 300_000;
/** Slots that a node remembers for settlement: the one that flows, the one that settles, and one of slack. */
export const SLOTS_KEPT = 4;
/**
 * Coins that a RESERVE holds beyond quantity × cap, µc: each leg rounds up by less than 1 µc, and
 * there are fewer
 * legs than this whatever the area's size. Part of the ledger's rules: it never changes.
 */
export const RESERVE_MARGIN_MICRO = 4096;
/** Depth of a Merkle proof: 2^16 orders in one slot. */
export const PROOF_MAX = 16;
/**
 * Members of one area: a slot's locks, payments, releases and top-ups of this many fit into one block, and
 * committees and votes are bit sets of this length. A larger area is several areas.
 */
export const MEMBERS_MAX = 1024;
/** Signed messages that wait for verification in the gateway: about a second of work. */
export const INTAKE_QUEUE_MAX = 16_384;
/** Messages taken into one group commit: beyond this the fsync no longer matters. */
export const COMMIT_BATCH_MAX = 512;
/** Transactions in one block. */
export const BLOCK_TXS_MAX = 4096;
/** Sealed blocks that count as parents: a transaction may be on its way while a slot seals two or three. */
export const PARENT_BLOCKS_MAX = 8;
/** Members, readings and clearings that one block applies: well within WIRE_ARRAY_MAX. */
export const BLOCK_EVENTS_MAX = 4096;
