// SPDX-License-Identifier: Apache-2.0
/**
 * The gateway's configuration file, field by field: what may stand there, as a valibot schema for
 * the machine and as a sentence for people. The units are in the names of the keys; in the parsed
 * value times are integer ms and money is integer µc.
 */
import * as v from "valibot";
import {
  CLASS_PERMILLE_MAX,
  LOSS_PERMILLE_MAX,
  MEMBERS_MAX,
  NAME_CHARS_MAX,
  PRICE_MICRO_MAX,
  QTY_WH_MAX,
  TOKENS_MAX,
} from "#core/limits";
import { FEEDER_DEFAULTS } from "#gateway/feeder/terms";
import {
  coins,
  DAY_S,
  hours,
  instant,
  isObject,
  name,
  object,
  path,
  publicKey,
  rate,
  seconds,
  url,
  whole,
} from "./config-fields.ts";
import {
  addressEntries,
  CONSORTIUM_HELP,
  consortiumEntries,
  JOINING_HELP,
  partnerEntries,
} from "./consortium.ts";
import { CREDIT_HELP, creditEntries } from "./credit.ts";
import { EPOCH_HOURS_MAX, PROOF_OF_TIME_HELP } from "./proof-of-time.ts";

/** What may stand at a path, and what to do where something else does. */
export interface Help {
  allowed: string;
  cure: string;
}

const memberEntries = { name, publicKey };
const tlsEntries = { cert: path, key: path };
const listenEntries = {
  host: v.optional(path, "127.0.0.1"),
  port: v.optional(whole(0, 65535)),
  tls: v.optional(object(tlsEntries)),
};
const dynamicSecurityEntries = { logins: v.optional(path, "logins") };
const brokerEntries = {
  url,
  username: v.optional(v.string()),
  password: v.optional(v.string()),
  dynamicSecurity: v.optional(object(dynamicSecurityEntries)),
};
const admitEntries = {
  members: v.pipe(v.array(object(memberEntries)), v.minLength(1), v.maxLength(MEMBERS_MAX)),
};
/** Whoever looks after an area: people, and tools of theirs. */
const OPERATORS_MAX = 64;
const depositEntries = { belowCoins: coins(), toCoins: coins() };
const withdrawEntries = { aboveCoins: coins(), toCoins: coins() };
const clockEntries = { speed: rate };
const marketEntries = {
  timing: v.optional(v.picklist(["ex-post", "ex-ante"]), "ex-post"),
  mode: v.optional(v.picklist(["auction", "guided"]), "auction"),
  pricing: v.optional(v.picklist(["uniform", "pay-as-bid"]), "uniform"),
  kPermille: v.optional(whole(0, 1000), 500),
};
const proofOfTimeEntries = {
  epochHours: v.optional(hours(0.001, EPOCH_HOURS_MAX), 24),
  witnesses: v.optional(whole(1, TOKENS_MAX)),
  tokens: v.optional(whole(1, TOKENS_MAX)),
  epsilonSeconds: v.optional(seconds(0.001, DAY_S)),
  tauSeconds: v.optional(seconds(0.001, DAY_S)),
};
const tariffEntries = {
  feedInPerKwh: v.optional(coins(PRICE_MICRO_MAX), "0.08"),
  retailPerKwh: v.optional(coins(PRICE_MICRO_MAX)),
  retailCsv: v.optional(path),
  retailColumn: v.optional(path),
};
const identityEntries = { folder: path };
const firmwareEntries = { folder: path, releaseKey: v.optional(publicKey) };
const feederEntries = {
  node: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
  lossPermille: v.optional(whole(0, LOSS_PERMILLE_MAX), FEEDER_DEFAULTS.lossPermille),
  classPermille: v.optional(whole(1, CLASS_PERMILLE_MAX), FEEDER_DEFAULTS.classPermille),
  feederClassPermille: v.optional(
    whole(1, CLASS_PERMILLE_MAX),
    FEEDER_DEFAULTS.feederClassPermille,
  ),
  slackWh: v.optional(whole(0, QTY_WH_MAX), FEEDER_DEFAULTS.slackWh),
};
const logEntries = {
  level: v.optional(v.picklist(["debug", "info", "warn", "error", "silent"]), "info"),
};

const topEntries = {
  net: v.optional(name, "wattle"),
  area: name,
  keyFile: v.optional(path, "gateway.key"),
  createKey: v.optional(v.boolean(), true),
  store: v.optional(path, "gateway.db"),
  sealKeyFile: v.optional(path, "gateway.seal"),
  listen: v.optional(object(listenEntries)),
  broker: v.optional(object(brokerEntries)),
  access: v.optional(v.picklist(["tokens", "claims"])),
  operators: v.optional(v.pipe(v.array(publicKey), v.maxLength(OPERATORS_MAX))),
  admit: v.optional(
    v.lazy((input) => (isObject(input) ? v.strictObject(admitEntries) : v.literal("open"))),
    "open",
  ),
  expectNodes: v.optional(whole(1, MEMBERS_MAX)),
  genesisCoins: v.optional(coins(), "100"),
  deposit: v.optional(v.nullable(object(depositEntries)), null),
  withdraw: v.optional(v.nullable(object(withdrawEntries)), null),
  slotSeconds: v.optional(seconds(1, DAY_S), 900),
  worldStart: v.optional(
    v.lazy((input) => (input === "next-slot" ? v.literal("next-slot") : instant)),
    "next-slot",
  ),
  slots: v.optional(v.nullable(whole(1, 1_000_000_000)), null),
  clock: v.optional(
    v.lazy((input) => (isObject(input) ? v.strictObject(clockEntries) : v.literal("barrier"))),
    { speed: 1 },
  ),
  slotTimeoutSeconds: v.optional(seconds(0.1, DAY_S), 30),
  tickSeconds: v.optional(seconds(0.001, DAY_S)),
  ageMaxSeconds: v.optional(seconds(0.001, 30 * DAY_S)),
  proofOfTime: v.optional(
    v.lazy((input) => (isObject(input) ? v.strictObject(proofOfTimeEntries) : v.boolean())),
    {},
  ),
  market: v.optional(object(marketEntries), {}),
  tariff: v.optional(object(tariffEntries), {}),
  identity: v.optional(object(identityEntries)),
  firmware: v.optional(object(firmwareEntries)),
  feeder: v.optional(object(feederEntries)),
  consortium: v.optional(object(consortiumEntries)),
  credit: v.optional(v.nullable(object(creditEntries)), null),
  log: v.optional(object(logEntries), {}),
};

export const configSchema = object(topEntries);
export type ParsedConfig = v.InferOutput<typeof configSchema>;

/** The keys of each object in the file, to know what an unknown one was meant to be. */
export const KEYS: Readonly<Record<string, readonly string[]>> = {
  "": Object.keys(topEntries),
  listen: Object.keys(listenEntries),
  "listen.tls": Object.keys(tlsEntries),
  broker: Object.keys(brokerEntries),
  "broker.dynamicSecurity": Object.keys(dynamicSecurityEntries),
  admit: Object.keys(admitEntries),
  "admit.members[]": Object.keys(memberEntries),
  deposit: Object.keys(depositEntries),
  withdraw: Object.keys(withdrawEntries),
  clock: Object.keys(clockEntries),
  proofOfTime: Object.keys(proofOfTimeEntries),
  market: Object.keys(marketEntries),
  tariff: Object.keys(tariffEntries),
  identity: Object.keys(identityEntries),
  firmware: Object.keys(firmwareEntries),
  feeder: Object.keys(feederEntries),
  consortium: Object.keys(consortiumEntries),
  "consortium.gateways[]": Object.keys(partnerEntries),
  "consortium.addresses[]": Object.keys(addressEntries),
  credit: Object.keys(creditEntries),
  log: Object.keys(logEntries),
};

const aName = `1 to ${NAME_CHARS_MAX} of the characters A-Z a-z 0-9 . _ -`;
const someCoins = 'coins as decimal text with at most six places, such as "100" or "0.25"';
const aPrice = `a price per kWh in ${someCoins}, at most ${PRICE_MICRO_MAX / 1_000_000}`;

/** By path, list positions written `[]`. */
export const HELP: Readonly<Record<string, Help>> = {
  "": { allowed: "one JSON object", cure: "See docs/operations.md for every key" },
  net: { allowed: aName, cure: "Use the network name that the nodes were provisioned with" },
  area: { allowed: aName, cure: "Name the area: it is one level of every MQTT topic" },
  keyFile: { allowed: "a path", cure: "Give the file that holds the gateway's secret key" },
  createKey: { allowed: "true or false", cure: "Use true to make a missing key file" },
  store: { allowed: "a path", cure: "Give the SQLite file that holds the gateway's log" },
  sealKeyFile: { allowed: "a path", cure: "Give the file that holds the key of the store" },
  listen: { allowed: "{host, port, tls}", cure: "Give the address of the embedded broker" },
  "listen.host": { allowed: "an address", cure: 'Use "0.0.0.0" for every interface' },
  "listen.port": { allowed: "a whole number, 0 to 65535", cure: "Use 0 for any free port" },
  "listen.tls": { allowed: "{cert, key}", cure: "Leave it out for plain MQTT" },
  "listen.tls.cert": { allowed: "a path", cure: "Give the broker's certificate, as PEM" },
  "listen.tls.key": { allowed: "a path", cure: "Give the certificate's private key, as PEM" },
  broker: {
    allowed: "{url, username, password, dynamicSecurity}",
    cure: "Leave it out for the embedded broker",
  },
  "broker.url": { allowed: "a URL such as mqtt://host:1883", cure: "Name the external broker" },
  "broker.username": { allowed: "text", cure: "Leave it out to use the client id gateway-<area>" },
  "broker.password": { allowed: "text", cure: "Leave it out where the broker asks for none" },
  "broker.dynamicSecurity": {
    allowed: "{logins}",
    cure: "Leave it out unless the broker is a Mosquitto whose accounts the gateway shall keep",
  },
  "broker.dynamicSecurity.logins": {
    allowed: "a path",
    cure: "Give the folder that wattle login writes to",
  },
  access: {
    allowed: '"tokens" or "claims"',
    cure: "tokens: clients prove who they are; claims: they say so, for closed networks",
  },
  operators: {
    allowed: `a list of at most ${OPERATORS_MAX} public keys`,
    cure: "Leave it out for the key in operator.key beside keyFile",
  },
  "operators[]": {
    allowed: "64 lower-case hex digits",
    cure: "Copy the public key that wattle monitor names when it is refused",
  },
  admit: { allowed: '"open" or {members: [...]}', cure: "List the members, or admit whoever asks" },
  "admit.members": {
    allowed: `a list of 1 to ${MEMBERS_MAX} members {name, publicKey}`,
    cure: 'Add members, or use "open"',
  },
  "admit.members[]": { allowed: "{name, publicKey}", cure: "Give both for each member" },
  "admit.members[].name": { allowed: aName, cure: "Give the meter's name, for people" },
  "admit.members[].publicKey": {
    allowed: "64 lower-case hex digits",
    cure: "Copy the meter's Ed25519 public key",
  },
  expectNodes: {
    allowed: `a whole number, 1 to ${MEMBERS_MAX}`,
    cure: "Say how many members the first slot waits for",
  },
  genesisCoins: { allowed: someCoins, cure: "Quote the number to be sure that it is exact" },
  deposit: { allowed: "null or {belowCoins, toCoins}", cure: "Use null for no standing order" },
  "deposit.belowCoins": { allowed: someCoins, cure: "Accounts below it are topped up" },
  "deposit.toCoins": { allowed: someCoins, cure: "Give the balance after a top-up" },
  withdraw: { allowed: "null or {aboveCoins, toCoins}", cure: "Use null for no standing order" },
  "withdraw.aboveCoins": { allowed: someCoins, cure: "Accounts above it are paid out" },
  "withdraw.toCoins": { allowed: someCoins, cure: "Give the balance after a payment" },
  slotSeconds: {
    allowed: "1 to 86400 seconds, at most three decimals",
    cure: "Use 900 for quarter-hours",
  },
  worldStart: {
    allowed: '"next-slot" or a time with its zone, such as 2026-01-01T00:00:00Z',
    cure: "Add Z for UTC, or an offset such as +01:00",
  },
  slots: { allowed: "null or a whole number, at least 1", cure: "Use null to run until stopped" },
  clock: { allowed: '"barrier" or {speed}', cure: "Use {speed: 1} for the wall clock" },
  "clock.speed": {
    allowed: "0.001 to 10000, at most three decimals",
    cure: "Give protocol seconds in one real second; 1 is real time",
  },
  slotTimeoutSeconds: {
    allowed: "0.1 to 86400 seconds, at most three decimals",
    cure: "Give the real time that a slot waits for a silent node",
  },
  tickSeconds: {
    allowed: "0.001 s to an eighth of the slot",
    cure: "Leave it out for 30 s (half a real second where that is more), at most an eighth of the slot",
  },
  ageMaxSeconds: {
    allowed: "at least tickSeconds, at most three decimals",
    cure: "Leave it out for 4 x tickSeconds",
  },
  ...PROOF_OF_TIME_HELP,
  market: { allowed: "{timing, mode, pricing, kPermille}", cure: "Leave out what is default" },
  "market.timing": {
    allowed: '"ex-post" or "ex-ante"',
    cure: "ex-post trades what was metered, ex-ante trades forecasts",
  },
  "market.mode": {
    allowed: '"auction" or "guided"',
    cure: "guided lets sellers answer the announced demand",
  },
  "market.pricing": {
    allowed: '"uniform" or "pay-as-bid"',
    cure: "uniform gives one price to a slot",
  },
  "market.kPermille": {
    allowed: "a whole number, 0 to 1000",
    cure: "0 favours buyers, 1000 sellers, 500 splits the gain",
  },
  tariff: {
    allowed: "{feedInPerKwh, retailPerKwh or retailCsv}",
    cure: "Give the grid's prices, which the market lies between",
  },
  "tariff.feedInPerKwh": { allowed: aPrice, cure: "Give what the grid pays for surplus" },
  "tariff.retailPerKwh": { allowed: aPrice, cure: "Give what the grid charges" },
  "tariff.retailCsv": { allowed: "a path", cure: "Give a CSV file with one price a slot" },
  "tariff.retailColumn": { allowed: "a column's name", cure: "Name one that the file has" },
  identity: { allowed: "{folder}", cure: "Leave it out where no authority certifies members" },
  "identity.folder": {
    allowed: "a path",
    cure: "Give the folder that wattle authority writes certificates to (--out)",
  },
  firmware: { allowed: "{folder, releaseKey}", cure: "Leave it out to carry no firmware" },
  "firmware.folder": { allowed: "a path", cure: "Give a folder for releases and their images" },
  "firmware.releaseKey": {
    allowed: "64 lower-case hex digits",
    cure: "Copy the public key that wattle firmware keygen printed",
  },
  feeder: {
    allowed: "{node, lossPermille, classPermille, feederClassPermille, slackWh}",
    cure: "Leave it out where no meter stands before the whole area",
  },
  "feeder.node": {
    allowed: "32 lower-case hex digits",
    cure: "Copy the id of the feeder meter's node, as wattle monitor shows it",
  },
  "feeder.lossPermille": {
    allowed: `a whole number, 0 to ${LOSS_PERMILLE_MAX}`,
    cure: "Give the largest share of the flows that lines and transformer lose; 50 is 5 %",
  },
  "feeder.classPermille": {
    allowed: `a whole number, 1 to ${CLASS_PERMILLE_MAX}`,
    cure: "Give the accuracy class of the members' meters; 10 is class B or 1",
  },
  "feeder.feederClassPermille": {
    allowed: `a whole number, 1 to ${CLASS_PERMILLE_MAX}`,
    cure: "Give the accuracy class of the feeder meter; 5 is class C or 0.5",
  },
  "feeder.slackWh": {
    allowed: `a whole number of Wh, 0 to ${QTY_WH_MAX}`,
    cure: "Give what one meter may be out by at a reading: its resolution and its clock",
  },
  ...CONSORTIUM_HELP,
  ...JOINING_HELP,
  ...CREDIT_HELP,
  log: { allowed: "{level}", cure: "Leave it out for info" },
  "log.level": {
    allowed: '"debug", "info", "warn", "error" or "silent"',
    cure: "Use info for a line per event that matters",
  },
};
