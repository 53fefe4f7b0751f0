// SPDX-License-Identifier: Apache-2.0
/** Banks of a town: their offers, their borrowers, and what owners and liars do that they should not. */
import { fromHex, toHex } from "#core/codec/bytes";
import { openSigned, signRecord } from "#core/codec/record";
import type { LedgerState } from "#core/ledger/state";
import { type BankTerms, bankRecord } from "#core/records/bank";
import {
  creditTokenRecord,
  loanRequestRecord,
  paymentRecord,
  repaymentRecord,
} from "#core/records/credit";
import { upRecord } from "#core/records/receipt";
import { type FedEntry, FedKind } from "#core/records/segment";
import { termsOf } from "#gateway/credit/terms";
import type { GatewayOptions } from "#gateway/options";
import type { NodeSetup } from "../../fleet/types.ts";
import { borrowing } from "../../setup.ts";
import type { TownGateway } from "../../town/town-gateway.ts";
import type { Random } from "../../worlds/random.ts";
import { must } from "../violation.ts";
import type { TownArena } from "./arena.ts";
import type { BankPlan } from "./features.ts";
import { heard } from "./garbage.ts";
import { SLOT_SECONDS } from "./plan.ts";

const PRICES = { feedInMicro: 80_000, retailMicro: 300_000 };
/** Numbers that a greedy owner's requests may have: the node itself may say something at the same time. */
const NUMBERS = 3;

/** The operator's bank of each gateway that has one. */
export function creditOf(bank: BankPlan): NonNullable<GatewayOptions["credit"]> {
  const slotMs = SLOT_SECONDS * 1000;
  const terms = termsOf("meter-backed", PRICES, {
    starterMicro: 30_000_000,
    validMs: bank.validSlots * slotMs,
    bufferMs: bank.bufferSlots * slotMs,
    patienceMs: bank.patienceSlots * slotMs,
    periodMs: bank.periodSlots * slotMs,
  });
  return { capitalMicro: bank.capitalMicro, terms };
}

/** A home that borrows where it is short of coins. */
export function borrower(setup: NodeSetup, { slack }: BankPlan): NodeSetup {
  const repay = slack.includes(setup.home) ? "never" : "income";
  const policy = { borrow: "need", capMicro: 20_000_000, alphaMaxPpm: 350_000, repay } as const;
  return borrowing([setup], policy)[0];
}

/** A start finds other terms than the last one. */
export function otherTerms(gateway: TownGateway): void {
  const { credit } = gateway.options;
  if (!credit) return;
  const terms = { ...credit.terms, costPpm: credit.terms.costPpm + 100 };
  gateway.options = { ...gateway.options, credit: { ...credit, terms } };
}

function textOf({
  terms,
  capitalMicro,
}: {
  terms: Readonly<BankTerms>;
  capitalMicro: number;
}): string {
  return JSON.stringify([capitalMicro, ...Object.entries(terms).sort().flat()]);
}

/** What banks say, and what becomes of it. */
export class Banks {
  private readonly arena: TownArena;
  /** By gateway, the offers of its operator. */
  private readonly offered = new Map<number, Set<string>>();
  /** By gateway and token, the last version that it told. */
  private readonly versions = new Map<string, number>();
  /** Payments that a bank said at once, by SOLD and leg. */
  private readonly promised = new Map<string, string>();

  constructor(arena: TownArena) {
    this.arena = arena;
  }

  begin(): void {
    const { town, plan } = this.arena;
    for (const gateway of town.gateways) this.offers(gateway);
    for (const { home, atMs } of plan.bank?.greedy ?? [])
      town.agenda.at(town.world.startMs + atMs, () => this.askAll(home));
  }

  /** What an operator offers now. */
  offers({ index, options: { credit } }: TownGateway): void {
    if (credit) this.offered.set(index, (this.offered.get(index) ?? new Set()).add(textOf(credit)));
  }

  /** Nobody opens a bank, or changes its terms, but its own operator. */
  look({ banks }: LedgerState): void {
    for (const { bank, terms, capitalMicro } of banks.values()) {
      const index = this.arena.indexOf(bank);
      if (this.arena.isLiar(index)) continue;
      const known = this.offered.get(index)?.has(textOf({ terms, capitalMicro }));
      must(known, "bank", () => `gateway ${index} offered nothing of the kind`);
    }
  }

  /** An owner asks every bank at once; all requests are right, and one loan at most may come of them. */
  private askAll(home: number): void {
    const { arena } = this;
    const { town, plan } = arena;
    const { node, setup } = town.nodes[home];
    for (const gateway of plan.bank!.banks.map((bank) => town.gateways[bank])) {
      const area = gateway.gateway?.area;
      const session = area?.sessions.get(node.id);
      const account = session && area!.chain.state.accounts.peek(node.id);
      if (!area || !session || !account) continue;
      arena.count("asked every bank");
      for (let number = 1; number <= NUMBERS; number++) {
        const seq = session.saidSeq + number;
        const value = {
          net: area.options.net,
          bank: fromHex(gateway.id)!,
          node: session.idBytes,
          said: seq,
          amountMicro: 5_000_000,
          alphaMaxPpm: 350_000,
          walletSet: area.chain.state.newestSet(node.id).set,
        };
        const { secretKey } = setup.config;
        const { bytes } = signRecord(loanRequestRecord, town.crypto, secretKey, value);
        const up = upRecord.encode({ seq, content: bytes });
        gateway.bus.inject(gateway.client!, area.topics.up(node.id, "loan"), up);
      }
    }
  }

  /** I23 and I5: what an honest bank tells a borrower. */
  published(gateway: number, topic: string, payload: Uint8Array): void {
    const { arena } = this;
    if (!topic.endsWith("/down/credit") || arena.isLiar(gateway)) return;
    const { crypto } = arena.town;
    const token = openSigned(creditTokenRecord, crypto, payload);
    if (token.ok) {
      const { value } = token;
      // What another bank says comes over the net, in any order.
      if (arena.indexOf(toHex(value.bank)) !== gateway) return;
      const key = `${gateway} ${toHex(value.token)}`;
      const before = this.versions.get(key) ?? 0;
      must(
        value.version >= before,
        "I23",
        () => `${key}: version ${value.version} after ${before}`,
      );
      this.versions.set(key, value.version);
      return;
    }
    const payment = openSigned(paymentRecord, crypto, payload);
    if (!payment.ok || arena.isLiar(arena.indexOf(toHex(payment.value.bank)))) return;
    const { sold, leg, bought, micro } = payment.value;
    const key = `${toHex(sold)} ${leg}`;
    const what = `${toHex(bought)} ${micro}`;
    const before = this.promised.get(key);
    must(before === undefined || before === what, "I5", () => `two payments of ${key}`);
    this.promised.set(key, what);
  }

  /** A new disk begins at the first turn, and says what was so then. */
  forget(gateway: number): void {
    for (const key of [...this.versions.keys()])
      if (key.startsWith(`${gateway} `)) this.versions.delete(key);
  }

  /** In the end: what was said to be paid is. */
  finish(paid: (sold: string) => string | undefined): void {
    for (const [key, what] of this.promised)
      must(paid(key) === what, "I5", () => `${key} was promised ${what}, and is ${paid(key)}`);
  }
}

/** Entries of a liar's feed: banks in others' names, other capital, requests that nobody made. */
export function falseBank(arena: TownArena, self: TownGateway, random: Random): FedEntry[] {
  const { town } = arena;
  const { crypto, nodes, gateways } = town;
  const { net, secretKey } = self.options;
  const area = self.gateway?.area;
  if (!area || !arena.plan.bank) return [];
  arena.count("false bank");
  const victim = gateways[random.below(gateways.length)];
  const node = nodes[random.below(nodes.length)].node;
  const { capitalMicro, terms: own } = creditOf(arena.plan.bank);
  const terms = { ...own, costPpm: own.costPpm + 7 };
  const version = 1 + random.below(3);
  const about = { net, bank: fromHex(victim.id)!, node: fromHex(node.id)!, said: 1 };
  const offer = { net, bank: about.bank, version, terms, capitalMicro, atMs: area.world.nowMs() };
  const kind = random.below(4);
  if (kind < 2) {
    const made =
      kind === 0 ? offer : { ...offer, bank: area.idBytes, capitalMicro: capitalMicro + 1 };
    const { bytes } = signRecord(bankRecord, crypto, secretKey, made);
    return [{ kind: FedKind.bank, bytes }];
  }
  const line = area.chain.state.credits.peek(node.id)?.line;
  const request = { ...about, amountMicro: 5_000_000, alphaMaxPpm: 350_000, walletSet: 0 };
  const { bytes } =
    kind === 2 || !line
      ? signRecord(loanRequestRecord, crypto, secretKey, request)
      : signRecord(repaymentRecord, crypto, secretKey, {
          ...about,
          token: fromHex(line.token)!,
          version: line.loan.version,
          amountMicro: 1,
        });
  return [heard(`${node.id}/up/loan`, upRecord.encode({ seq: 1, content: bytes }))];
}

/** A liar tells its borrowers of coins that the ledger does not know. */
export function falseToken(arena: TownArena, payload: Uint8Array, self: TownGateway): Uint8Array {
  const { crypto } = arena.town;
  const token = openSigned(creditTokenRecord, crypto, payload);
  if (!token.ok) return payload;
  const { value } = token;
  const more = {
    ...value,
    version: value.version + 1,
    balanceMicro: value.balanceMicro + 1_000_000,
    amountMicro: value.amountMicro + 1_000_000,
    principalMicro: value.principalMicro + 1_000_000,
  };
  return signRecord(creditTokenRecord, crypto, self.options.secretKey, more).bytes;
}
