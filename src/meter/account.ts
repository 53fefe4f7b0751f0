// SPDX-License-Identifier: Apache-2.0
/** What the gateway says that a node owns: after each slot, and as a greeting, proven (paper 1, II-B-1) */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { codeOfWire } from "#core/errors/codes";
import { accountRecord } from "#core/records/account";
import { proofRecord } from "#core/records/proof";
import { settlementRecord } from "#core/records/settlement";
import type { NodeConfig } from "./config.ts";
import { fromGateway, OTHER_BLOCK, proofFault, settledBy } from "./inspect.ts";
import type { MeterNode } from "./node.ts";
import type { NodePorts } from "./ports.ts";
import { forgetReserve } from "./state.ts";

export class Account {
  private readonly node: MeterNode;
  private readonly config: NodeConfig;
  private readonly ports: NodePorts;
  /** Id of the block that the last statement of account of this start is for. */
  private header: Uint8Array | undefined;
  private height = 0;

  constructor(node: MeterNode, config: NodeConfig, ports: NodePorts) {
    this.node = node;
    this.config = config;
    this.ports = ports;
  }

  /** Another gateway is there. */
  forget(): void {
    this.header = undefined;
  }

  onAccount(payload: Uint8Array): void {
    const { crypto, log } = this.ports;
    const { id, state, purse, conversation, gatewayKey } = this.node;
    const opened = fromGateway(accountRecord, crypto, gatewayKey, this.config.net, payload);
    if (!opened) return this.node.distrust("GATEWAY_SIGNATURE", "account");
    const account = opened.value;
    if (toHex(account.node) !== id) return;
    if (conversation.holdsAccount(payload, account.walletSet)) return;
    if (account.atMs < state.accountMs) return;
    state.freeMicro = account.freeMicro;
    state.lockedMicro = account.lockedMicro;
    state.accountMs = account.atMs;
    this.header = account.header;
    this.height = account.height;
    this.node.slots.borrower?.onAccount();
    for (const { txid, code } of account.rejected) {
      log("warn", "tx-rejected", { txid: toHex(txid), code: codeOfWire(code) ?? code });
      forgetReserve(state, txid);
    }
    purse.follow(account.walletSet);
  }

  /** The gateway's greeting: what it says that this node owns stands under a block's state root. */
  onProof(payload: Uint8Array): void {
    const { crypto } = this.ports;
    const { id, state, purse, conversation, gatewayKey } = this.node;
    if (conversation.holdsProof(payload)) return;
    const { net } = this.config;
    const opened = fromGateway(proofRecord, crypto, gatewayKey, net, payload);
    if (!opened) return this.node.distrust("GATEWAY_SIGNATURE", "proof");
    if (toHex(opened.value.node) !== id || !this.header) return;
    const { freeMicro, lockedMicro } = state;
    const account = { header: this.header, freeMicro, lockedMicro };
    const commitment = purse.commitmentOf(opened.value.walletSet);
    const fault = proofFault(crypto, gatewayKey, net, opened.value, account, commitment);
    // Where it is shown again and again another one fits.
    if (fault === OTHER_BLOCK && this.node.certifier) return;
    if (fault) return this.node.distrust("GATEWAY_BALANCE", fault);
    this.node.certifier?.onBalance(this.header, this.height);
  }

  /** The gateway's word that a trade of this node was settled: it stands under a block's effects. */
  onSettlement(payload: Uint8Array): void {
    const { crypto } = this.ports;
    const { purse, conversation, gatewayKey, lastTrade } = this.node;
    if (conversation.elsewhere) return; // of trades that it does not know
    const decoded = settlementRecord.decode(payload);
    if (!decoded.ok) return this.node.distrust("GATEWAY_TRADE", decoded.code);
    const { value } = decoded;
    const own = purse.addressAt(value.walletSet, value.wallet);
    const settled = settledBy(crypto, gatewayKey, this.config.net, value, own, this.header);
    if (typeof settled === "string") return this.node.distrust("GATEWAY_TRADE", settled);
    const { sold, bought } = value.effect;
    for (const txid of [sold, bought])
      if (txid && lastTrade && bytesEqual(txid, lastTrade.txid)) {
        lastTrade.height = settled.height;
        this.node.certifier?.onTrade(settled.id, settled.height);
      }
  }
}
