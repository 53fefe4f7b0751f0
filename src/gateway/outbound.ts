// SPDX-License-Identifier: Apache-2.0
/** What the gateway says to one node: receipts, contracts, accounts, and the greeting after a (re)connect. */
import { fromHex, toHex } from "#core/codec/bytes";
import { type Code, WIRE } from "#core/errors/codes";
import { REFUSALS_MAX } from "#core/limits";
import { accountRecord } from "#core/records/account";
import type { Contract } from "#core/records/contract";
import { configRecord } from "#core/records/member";
import { demandRecord } from "#core/records/notice";
import { proofRecord } from "#core/records/proof";
import { receiptRecord } from "#core/records/receipt";
import type { Area } from "./area.ts";
import type { Batch } from "./batch.ts";
import type { SealedBlock } from "./chain/chain.ts";
import { accountPath } from "./chain/proofs.ts";
import type { Session } from "./session.ts";

/** Receipts for everything that this batch makes durable. Called after the commit. */
export function sendReceipts(area: Area, batch: Batch): void {
  for (const session of area.sessions.values()) {
    if (!session.receiptDue) continue;
    session.receiptDue = false;
    if (!area.serves(session)) {
      session.refusals.length = 0; // its own gateway tells it
      continue;
    }
    const refused = session.refusals.splice(0, REFUSALS_MAX);
    session.receiptDue = session.refusals.length > 0; // the rest with the next turn
    const { bytes } = area.sign(receiptRecord, {
      net: area.options.net,
      gateway: area.idBytes,
      node: session.idBytes,
      upTo: session.saidSeq,
      digest: session.digest,
      refused,
      atMs: area.world.nowMs(),
    });
    batch.send(area.topics.down(session.id, "receipt"), bytes);
  }
}

export function sendContracts(
  area: Area,
  batch: Batch,
  contracts: readonly { contract: Contract; bytes: Uint8Array }[],
): void {
  for (const { contract, bytes } of contracts)
    batch.send(area.topics.down(toHex(contract.node), "contract"), bytes);
}

/** After a restart: what is in force, again. */
export function sayInForce(area: Area, batch: Batch): void {
  const { topics, chain, runs, epochs, noticeBytes } = area;
  if (!chain.head) return;
  area.sendHead(batch, chain.head);
  area.sendCaps(batch);
  for (const run of runs.values()) {
    if (run.demand) batch.send(topics.demand, area.sign(demandRecord, run.demand).bytes, true);
    if (run.clearingBytes) batch.send(topics.clearing, run.clearingBytes, true);
    sendContracts(area, batch, run.contracts);
    for (const sold of run.solds)
      for (const leg of sold.body.legs)
        if (leg.to) batch.send(topics.down(toHex(leg.to), "tx"), sold.bytes);
  }
  if (epochs.latest) batch.send(topics.dagEpoch, epochs.latest.bytes, true);
  if (noticeBytes) batch.send(topics.epoch, noticeBytes, true);
}

/** Balances after a block, to every member that is there, and the proof of what it settled for it. */
export function sendAccounts(area: Area, batch: Batch, block: SealedBlock): void {
  for (const session of area.sessions.values()) {
    if (!session.online || !area.serves(session)) continue;
    sendAccount(area, batch, session, block);
    sendSettlement(area, batch, session, block.headerBytes);
  }
}

function sendAccount(area: Area, batch: Batch, session: Session, block: SealedBlock): void {
  const { state } = area.chain;
  if (!state.accounts.has(session.id)) return;
  const own = new Set(session.txids.values());
  const { bytes } = area.sign(accountRecord, {
    net: area.options.net,
    gateway: area.idBytes,
    node: session.idBytes,
    height: block.header.height,
    header: block.id,
    slot: block.header.slot,
    freeMicro: state.freeOf(session.id),
    lockedMicro: state.lockedOf(session.id),
    rejected: block.block.rejected.filter(({ txid }) => own.has(toHex(txid))).slice(0, 64),
    walletSet: state.newestSet(session.id).set,
    salts: area.publicChain.salts,
    atMs: block.header.atMs,
  });
  batch.send(area.topics.down(session.id, "account"), bytes);
}

/** What a node that boots checks its balance with (paper 1, II-B-1); after the account that it is about. */
function sendProof(area: Area, batch: Batch, session: Session, block: SealedBlock): void {
  const { chain, options, ports } = area;
  if (!chain.state.accounts.has(session.id)) return;
  const path = accountPath(ports.crypto, chain.state, session.idBytes);
  if (!path) return;
  const { set: walletSet, commitment } = chain.state.newestSet(session.id);
  const { bytes } = area.sign(proofRecord, {
    net: options.net,
    gateway: area.idBytes,
    node: session.idBytes,
    header: block.headerBytes,
    path,
    balanceMicro: chain.state.freeOf(session.id),
    lockedMicro: chain.state.lockedOf(session.id),
    walletSet,
    commitment,
  });
  batch.send(area.topics.down(session.id, "proof"), bytes);
}

/** What a node owns after the last block, and the proof of it. */
export function sendProven(area: Area, batch: Batch, session: Session): void {
  const { head } = area.chain;
  if (!head) return;
  sendAccount(area, batch, session, head);
  sendProof(area, batch, session, head);
}

/** With it a node checks its latest trade: of any block, or only where it was settled by the one with `header`. */
function sendSettlement(area: Area, batch: Batch, session: Session, header?: Uint8Array): void {
  const bytes = area.settlements.of(session.id, header);
  if (bytes) batch.send(area.topics.down(session.id, "settlement"), bytes);
}

/** The answer to a request to be a member. */
export function sendConfig(area: Area, batch: Batch, nodeId: string, code: Code | undefined): void {
  const session = area.sessions.get(nodeId);
  const { bytes } = area.sign(configRecord, {
    net: area.options.net,
    gateway: area.idBytes,
    node: fromHex(nodeId)!,
    code: code ? WIRE[code] : 0,
    upTo: session?.saidSeq ?? 0,
    digest: session?.digest ?? new Uint8Array(32),
    txSeq: session?.txSeq ?? 0,
    txid: session?.txid ?? new Uint8Array(32),
    txMs: session?.txMs ?? 0,
    boundary: session?.reading ? session.reading.boundary + 1 : 0,
    importMwh: session?.reading?.importMwh ?? 0n,
    exportMwh: session?.reading?.exportMwh ?? 0n,
    atMs: area.world.nowMs(),
  });
  batch.send(area.topics.down(nodeId, "config"), bytes);
}

/** What a node that may not take part is told: why, and what it still owns. */
export function refuseMember(area: Area, batch: Batch, nodeId: string, code: Code): void {
  const session = area.sessions.get(nodeId);
  if (session && area.chain.head) sendAccount(area, batch, session, area.chain.head);
  sendConfig(area, batch, nodeId, code);
}

/** A node is (back) on the air: how far it was heard, what it owns, and what still waits for its answer. */
export function greet(area: Area, batch: Batch, session: Session): void {
  // The account first: with the config the node begins to plan, and a RESERVE needs to know the coins.
  if (area.chain.head) {
    sendProven(area, batch, session);
    sendSettlement(area, batch, session);
    area.credit.greet(area, batch, session.id);
  }
  sendConfig(area, batch, session.id, undefined);
  for (const run of [...area.runs.values()].sort((a, b) => a.slot - b.slot)) {
    const own = run.contracts.filter(({ contract }) => toHex(contract.node) === session.id);
    if (own.length > 0 && run.clearingBytes) {
      batch.send(area.topics.clearing, run.clearingBytes, true);
      sendContracts(area, batch, own);
    }
    for (const sold of run.solds)
      if (sold.body.legs.some((leg) => leg.to && toHex(leg.to) === session.id))
        batch.send(area.topics.down(session.id, "tx"), sold.bytes);
  }
}
