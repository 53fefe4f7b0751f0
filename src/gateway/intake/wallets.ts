// SPDX-License-Identifier: Apache-2.0
/** Whether a set of wallet addresses is the sender's, and nobody else's. */
import { ACCEPT, refuse, type Verdict } from "#core/errors/codes";
import type { Wallets } from "#core/records/wallets";
import { listWallets, type WalletClaim, walletsProved } from "#core/wallets";
import type { Area } from "../area.ts";
import type { Session } from "../session.ts";

/** A claim to a set by `node`: made with the set's own key, and with no address that an account has. */
export function checkClaim(area: Area, node: Uint8Array, claim: WalletClaim): Verdict {
  const { crypto } = area.ports;
  if (!walletsProved(crypto, area.options.net, node, claim))
    return refuse("WALLETS_UNPROVED", `set ${claim.set}`);
  for (const wallet of listWallets(crypto, claim).wallets)
    if (area.chain.ownsWallet(wallet)) return refuse("WALLETS_UNPROVED", `${wallet} is taken`);
  return ACCEPT;
}

/** The next set of a member: one waits for its block at a time, so that no member can fill it. */
export function checkWallets(area: Area, session: Session, wallets: Wallets): Verdict {
  const { state } = area.chain;
  const known = state.accounts.has(session.id) ? state.newestSet(session.id).set : undefined;
  if (known !== session.walletSet)
    return refuse("WALLETS_SET", `set ${session.walletSet} is in no block yet`);
  if (wallets.set <= known) return refuse("WALLETS_SET", `${wallets.set} after ${known}`);
  return checkClaim(area, session.idBytes, wallets);
}
