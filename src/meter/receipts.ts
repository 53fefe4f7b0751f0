// SPDX-License-Identifier: Apache-2.0
/** The gateway's receipts: what it has on its disk, and what it did not take. */
import { toHex } from "#core/codec/bytes";
import type { Crypto } from "#core/crypto/port";
import { receiptRecord } from "#core/records/receipt";
import { openTx } from "#core/records/tx";
import type { Alarm } from "./birth.ts";
import { fromGateway } from "./inspect.ts";
import type { MeterNode } from "./node.ts";
import { forgetReserve } from "./state.ts";

/** Takes a receipt; an alarm where it is not the gateway's, or not for what this node said. */
export function takeReceipt(
  node: MeterNode,
  crypto: Crypto,
  net: string,
  payload: Uint8Array,
): Alarm | undefined {
  const { speaker, slots, purse, state } = node;
  const opened = fromGateway(receiptRecord, crypto, node.gatewayKey, net, payload);
  if (!opened) return { code: "GATEWAY_SIGNATURE", detail: "receipt" };
  if (toHex(opened.value.node) !== node.id) return undefined;
  // Before the gateway's config a node does not know what it may have said in an earlier life.
  if (!speaker.open) return undefined;
  const { refused, upTo } = opened.value;
  slots.refused(refused);
  const lost = refused.map(({ seq }) => speaker.waiting(seq));
  if (!speaker.receipted(state, opened.value))
    return { code: "RECEIPT_DIGEST", detail: `up to ${upTo}` };
  for (const said of lost) {
    if (said?.kind === "wallets") purse.refused();
    const tx = said?.kind === "tx" ? openTx(crypto, said.content) : undefined;
    if (tx?.ok) forgetReserve(state, tx.tx.txid);
  }
  return undefined;
}
