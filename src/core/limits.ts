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
/** OFFERs and SOLDs to it that a node keeps: a street of sellers, a quarter of a kilobyte each. */
export const OFFERS_HEARD_MAX = 32;
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
/** Wallet addresses in one set: a purchase in each quarter-hour of two days, and a gateway lists them all. */
export const WALLETS_MAX = 256;
/** Addresses in a set where nothing else is said: eight hours of quarter-hours with a RESERVE and a sale. */
export const WALLETS_DEFAULT = 64;
/** Characters of a name that people give (network, area, meter). */
export const NAME_CHARS_MAX = 40;
/** Caps in one broadcast: twenty are usual at ten concurrent transactions per latency (ledger 4.3). */
export const CAPS_MAX = 32;
/** Refusals listed in one receipt; more go into the next receipt. */
export const REFUSALS_MAX = 64;
/**
 * Messages that a node keeps until they are receipted: a day and a half of quarter-hours without a
 * gateway, and half as many events. Registers are cumulative, so that no energy is lost beyond. They fit the
 * smallest NVS of a board, which leaves room for two slots: test/unit/firmware/boards.test.ts.
 */
export const OUTBOX_MAX = 228;
/** The latest of them that stay in memory too: what a node says in a slot. */
export const OUTBOX_RECENT = 8;
/** Un-receipted messages that a node sends in one burst after connecting; the rest follow the receipts. */
export const OUTBOX_WINDOW = 64;
/**
 * Gateways that a node knows it spoke with: its own, the one that it roams to, and one more. Each takes 13
 * bytes of every message that is stored. To one that is forgotten it speaks as to a new one.
 */
export const GATEWAYS_KEPT = 3;
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
/**
 * How far a buyer's reading may be below its seller's, permille of the SOLD, as a loss: what a low-voltage line
 * and its transformer lose at their peak. Part of the ledger's rules.
 */
export const ARBITRATION_LOSS_PERMILLE = 50;
/** How long a difference beyond that stays frozen: a day has every kind of flow in it. A rule too. */
export const FROZEN_MS = 24 * 3600 * 1000;
/**
 * Least coins that a node locks with a RESERVE where it can afford it, µc; larger ones are this times powers
 * of two. So few sizes tell outsiders little about the connection and the price behind them.
 */
export const RESERVE_SIZE_MICRO = 1_000_000;
/** Depth of a Merkle proof: 2^16 orders in one slot. */
export const PROOF_MAX = 16;
/** Bytes of a path to the state root: 40 steps. Ten million leaves have 28; each more is twice the work. */
export const STATE_PATH_BYTES_MAX = 40 * 33;
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
/**
 * Slots for which sealed transactions are still known as parents beyond A_max: a body waits for its tokens
 * while a slot ends, and what is said before slot 0 has stamps half a slot earlier still.
 */
export const PARENT_SLACK_SLOTS = 2;
/** Salts in one statement of account: a slot has two blocks, and a few more where it is very full. */
export const SALTS_MAX = 8;
/** Members, wallets, readings and clearings that one block applies: well within WIRE_ARRAY_MAX. */
export const BLOCK_EVENTS_MAX = 4096;
/**
 * Bytes of one segment of a gateway's feed: within what the embedded broker takes in one packet by default
 * (64 KB). A commit with more makes several segments.
 */
export const SEGMENT_BYTES_MAX = 48 * 1024;
/** Bytes of one entry in it: the largest message, and what the log says about it. */
export const FED_ENTRY_BYTES_MAX = MESSAGE_BYTES_MAX + 256;
/** Entries of one segment: small ones, as many as fit. */
export const SEGMENT_ENTRIES_MAX = 1024;
/** Segments of one gateway in no turn yet that are kept, 3 MB; others are fetched when they are due. */
export const FEED_SEGMENTS_MAX = 64;
/** Entries that are no node's message and wait for room in a feed: one look at the folder, and as much again. */
export const FED_LATER_MAX = 2048;
/** Segments that one request asks for: a quarter of these. */
export const FETCH_SEGMENTS_MAX = 16;
/** Messages that one turn of the consortium takes in: what a gateway checks and executes in half a second. */
export const TURN_ENTRIES_MAX = 2048;
/** Bytes of what one gateway brings for a node of another: a bank's list of 32 payments, and the topic. */
export const BROUGHT_BYTES_MAX = 2304;
/** Messages that one gateway brings for, or of, one node in a second: the tokens of the largest committee. */
export const BROUGHT_PER_SECOND = 32;
/** The same where protocol time is faster than real time: as many as a node itself may say in a second. */
export const BROUGHT_FAST_PER_SECOND = 1000;
/**
 * Bytes of the segments that one turn takes in: so many messages of 512. Each gateway has an equal part of
 * it, or one segment: in a consortium of four one that lies puts 256 KB into a turn and into each log.
 */
export const TURN_BYTES_MAX = 1024 * 1024;
/** Characters of a broker's URL in a change of the gateways: a host of 100, with scheme, port and path. */
export const BROKER_URL_CHARS_MAX = 128;
/** Changes of a consortium's gateways that one of them may be for at once: operators agree on one beforehand. */
export const CHANGES_OPEN_MAX = 16;
/** Latest changes of the gateways that nodes are shown: who was off for more has to be provisioned anew. */
export const CHANGES_SHOWN = 4;
/** Decided turns that are sent at once to a gateway that is behind; it asks again for the next. */
export const SERVE_TURNS_MAX = 16;
/** Requests of one peer that are answered in a second: one that catches up asks some times in each. */
export const SERVES_PER_SECOND = 20;
/** Turns from one state to hand out to the next: minutes of turns, and some seconds to execute again. */
export const STATE_TURNS = 1024;
/** Bytes of a state: several times the largest that 1024 members make. */
export const STATE_BYTES_MAX = 256 * 1024 * 1024;
/** Bytes of one piece of it, within one packet as a segment is. */
export const STATE_PIECE_BYTES = 48 * 1024;
/** Pieces of a state. */
export const STATE_PIECES_MAX: number = Math.ceil(STATE_BYTES_MAX / STATE_PIECE_BYTES);
/** Pieces that are asked for and have not come: half a megabyte, for a round trip of a tenth of a second. */
export const STATE_PIECES_ASKED = 12;
/** Pieces that one peer gets in a second, 6 MB: the gateway that serves it goes on with its own work. */
export const STATE_PIECES_PER_SECOND = 128;
/** Characters of a host name (RFC 1035 section 2.3.4: 255 bytes on the wire). */
export const HOST_CHARS_MAX = 253;
/** Calibration values of one metering chip: a three-phase chip has five for each phase. */
export const CALIBRATIONS_MAX = 16;
/**
 * Slot length that a node reckons with before the first notice ever, ms: the shortest in use, so that the
 * power of its connection is not put too low.
 */
export const SLOT_ASSUMED_MS = 60_000;
/** Events of a member that the monitor shows: as many as it says at once. */
export const EVENTS_SHOWN = 8;
/** Longest that a live notice takes from the gateway's clock to the node, ms: a commit and two hops. */
export const NOTICE_DELAY_MAX_MS = 2_000;
/** Bytes of a firmware image: the flash of the largest board. */
export const FIRMWARE_BYTES_MAX = 16 * 1024 * 1024;
/** Bytes of one chunk of an image: a sector of flash, and all that a node holds of an image in memory. */
export const CHUNK_BYTES_MAX = 4096;
/** The least: below it the messages around the chunks outweigh them. */
export const CHUNK_BYTES_MIN = 256;
/** Chunks in one request, which come in one burst: 16 KB, as much as the largest message. */
export const CHUNKS_ASKED_MAX = 4;
/** Releases that a gateway announces: one for each kind of board, and an area has few. */
export const RELEASES_MAX = 64;
/** Requests for chunks that a gateway answers at once for one node: 512 KB, a burst after a gap. */
export const FETCH_BURST = 32;
/** Requests a second that it answers after that, each node: twice what a node asks for by itself. */
export const FETCH_PER_SECOND = 4;
/** Bytes of firmware a second to all nodes together: the market's messages have to get through. */
export const FIRMWARE_BYTES_PER_SECOND = 2 * 1024 * 1024;
/** Longest topic, bytes: twice what area and node names can make of one. */
export const TOPIC_BYTES_MAX = 256;
/** Bytes of the certificate of a broker's authority: with RSA 4096 and long names it takes 1.5 KB. */
export const CA_BYTES_MAX = 2048;
/** Characters of what is written on a meter: make and serial number. */
export const METER_CHARS_MAX = 40;
/** Rating of a connection, W: a 1 GW plant. */
export const CONNECTION_W_MAX = 1_000_000_000;
/**
 * Revoked certificates that have not expired, in one list: it fits in a message. An authority with more has
 * to give shorter validities.
 */
export const REVOKED_MAX = 512;
/** Characters of an MQTT client id: a node's has 32, and people add a name to theirs. */
export const CLIENT_CHARS_MAX = 80;
/** How far a CONNECT token's time may be from the gateway's, ms: a node in holdover, a slow TLS handshake. */
export const CONNECT_AGE_MS = 90_000;
/** Certificates whose seals a gateway checks at one look at its folder: two seconds of a worker at most. */
export const CERTIFICATES_PER_IMPORT = 1024;
/**
 * New certificates that one gateway feeds into a turn, which waits for their seals: 0.15 s,
 * whatever they are. A folder of 1024 takes 16 turns.
 */
export const CERTIFICATES_FED_MAX = 64;
/** Certificates that nodes brought along and that wait for their check: each costs a worker 12 ms. */
export const PRESENTED_MAX = 64;
/** Requests for certificates that wait for the operator: he looks at each of them. */
export const REQUESTS_MAX = 256;
/** Nodes that the operator expects, by his list: as many as an area has members. */
export const EXPECTED_MAX = 1024;
/** Pause before a node asks for its certificate once more, ms: an operator decides in minutes or days. */
export const ENROL_AGAIN_MS = 300_000;
/** The same for a renewal: a quarter of the validity is left for it. */
export const RENEW_AGAIN_MS = 21_600_000;
/**
 * Members that an epoch's committees are drawn from: a node keeps all of them, 48 bytes each. Of a larger area
 * the beacon chooses.
 */
export const EPOCH_MEMBERS_MAX = 256;
/** Signatures that a beacon is made of: BLS signatures of twenty gateways that led in the epoch before. */
export const REVEALS_BYTES_MAX = 1024;
/** A signed cancel record: 40 characters of a network's name and a signature. */
export const CANCEL_BYTES_MAX = 256;
/** Transactions in one vote: with 1024 members and three transactions each a slot, a minute brings 200. */
export const VOTE_TXIDS_MAX = 64;
/** Pause between two votes of one node, ms: 64 a second are more than an area of 1024 members brings. */
export const VOTE_PERIOD_MS = 1_000;
/** Transactions that a gateway counts votes for: four full blocks, should blocks be late. */
export const VOTES_OPEN_MAX = 16_384;
/** Transactions that a node counts votes for: its own and its counterparties' of two slots. */
export const VOTES_FOLLOWED_MAX = 32;
/** Epochs with open transactions: the present one, the one before, and one more that blocks are late with. */
export const EPOCHS_COUNTED = 3;
/** Votes of one member for what a gateway does not have yet: two largest votes, which overtook it. */
export const VOTES_EARLY_MAX = 128;
/** Votes that a gateway keeps as they came, to prove double ones: the last minute of 70 busy members. */
export const VOTES_KEPT_MAX = 4096;
/** Conflict sets that a caller may put one transaction into: one for each leg. */
export const CONFLICT_KEYS_MAX = 32;
/** Rivals of one transaction that votes decide between: more are left to blocks, as each costs all others. */
export const RIVALS_MAX = 15;
/** Contested transactions at once: each was made by somebody who broke a rule, or lost a race. */
export const CONTESTED_MAX = 256;
/** One proof of a fraud, as it came: two largest transactions with their tokens fit into a message. */
export const EVIDENCE_ITEM_BYTES_MAX = 7900;
/** Real time after which an author asks its witnesses again in the same tick, ms: some round trips. */
export const ASK_REPEAT_MS = 2_000;
/**
 * Under the barrier clock, where no tick ends by itself: real time for tokens before the next tick, permille
 * of the epoch's ε. With ε = 2 s the gateway's token stands in after 15 s.
 */
export const ASK_PATIENCE_PERMILLE = 2500;
/** The longest that it is, ms: ε is up to a quarter of a slot, and nobody answers that late. */
export const ASK_PATIENCE_MS = 5_000;
/** Bodies whose tokens a gateway carries at a time: one of each member. */
export const ASKS_PENDING_MAX = MEMBERS_MAX;
/** How often an author may ask for one body: each ask goes to a whole committee. */
export const ASKS_PER_BODY_MAX = 16;
/** Ticks without enough tokens after which a gateway's own token stands in (ledger 4.4). */
export const TICKS_BEFORE_GATEWAY = 2;
/** How long they wait, ms: parents come within seconds, or were said while the node was away. */
export const CONE_WAIT_MS = 120_000;
/** Transactions that a node counts votes for if it votes for all of its area: two slots of forty members. */
export const NODE_VOTES_MAX = 256;
/** The same where it follows its own alone: what it says and is paid in two slots. */
export const NODE_OWN_VOTES_MAX = 16;
/**
 * Transactions that a node would promote: what it says and is paid between two blocks of a slot. One more
 * leaves the oldest to a block.
 */
export const WATCHED_MAX = 4;
/** Authors that a witness keeps in its log: the members of two epochs. */
export const WITNESS_AUTHORS_MAX = 512;
/** Sectors of flash that the log uses: more would outlast the chip, and take longer to read at a start. */
export const WITNESS_SECTORS_MAX = 64;
/** Signatures that a witness checks for one author in one tick: a body, repeats, and a cancel with each. */
export const WITNESS_CHECKS_PER_TICK = 6;
/**
 * Transactions whose weights a gateway keeps, exact: twenty times what is under way at a hundred at once
 * (ledger 4.3). Their bit sets take 512 KB.
 */
export const DAG_WINDOW = 2048;
/**
 * Transactions that a node keeps of the DAG, in 2 KB: several times what is under way. Of older ones it is no
 * witness, and needs none for its own.
 */
export const NODE_DAG_CAPACITY = 32;
/** The window of a node, whose area has one or two transactions under way (ledger 4.3). */
export const NODE_DAG_WINDOW = 32;
/** Transactions that wait for their parents in a gateway: as many as two messages of each member. */
export const UNSOLID_MAX = 2048;
/** Bytes of those: 2 KB each, a transaction with fifteen tokens. */
export const UNSOLID_BYTES_MAX = 4 * 1024 * 1024;
/** The same in a node: a gap of one or two messages, which the gateway's answers fill. */
export const NODE_UNSOLID_MAX = 8;
/** Bytes of those that a node looks at: eight transactions of one leg with seven tokens each. */
export const NODE_UNSOLID_BYTES_MAX = 12 * 1024;
/** The same where it looks at its own and its counterparties' alone: two of them. */
export const NODE_OWN_UNSOLID_BYTES_MAX = 3 * 1024;
/**
 * Members of an area with a feeder meter among whom suspects are looked for: what hangs on one transformer,
 * and its sums take 0.5 MB. More are still checked as a whole.
 */
export const FEEDER_MEMBERS_MAX = 128;
/** Losses of an area's lines and transformer, permille of its flows: half is no line to trade over. */
export const LOSS_PERMILLE_MAX = 500;
/** Accuracy class of a meter, permille: a tenth is no meter. */
export const CLASS_PERMILLE_MAX = 100;
/** Power of one battery, W: the largest charging plug for lorries has 3.75 MW. */
export const POWER_W_MAX = 4_000_000;
/** Slots that a schedule looks ahead: a day of quarter-hours, for which a tariff is known. */
export const SCHEDULE_SLOTS_MAX = 96;
/** Windows in one answer: runs of slots of one power; what does not fit comes with a later answer. */
export const WINDOWS_MAX = 24;
/** Slots of the market's history that a schedule is made from: three days of minutes. */
export const SCHEDULE_HISTORY_SLOTS = 4320;
