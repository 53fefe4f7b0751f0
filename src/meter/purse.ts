// SPDX-License-Identifier: Apache-2.0
/**
 * A node's wallet addresses: a fresh one for each trade. What was used is part of the node's state, so that no
 * address is used for two trades after a power cut either. The next set is said while the last addresses of
 * the present one are being used. It may be begun at once: a block applies it before what was said after it.
 *
 * Address 0 of a set is for deposits and withdrawals, trades take the others. A node with one address uses it
 * for everything; where the next set could not be said in time, the present one is used again from its start.
 */
import type { Crypto } from "#core/crypto/port";
import { LEGS_MAX } from "#core/limits";
import {
  claimWallets,
  type WalletClaim,
  walletCommitment,
  walletOf,
  walletSecretOf,
} from "#core/wallets";
import type { NodeConfig } from "./config.ts";
import type { NodeState } from "./state.ts";

/** Addresses left when the next set is said: a RESERVE, the longest SOLD, and one to spare. */
const LEFT_MIN = LEGS_MAX + 2;

export class Purse {
  private readonly config: NodeConfig;
  private readonly node: Uint8Array;
  private readonly crypto: Crypto;
  private readonly state: NodeState;
  /** The newest set that the ledger has by what was heard since this start; −1 before. */
  private known = -1;
  /** The key of one set, the one last used: to derive it costs a signature's time. */
  private key: { set: number; walletKey: Uint8Array } | undefined;

  constructor(config: NodeConfig, node: Uint8Array, crypto: Crypto, state: NodeState) {
    this.config = config;
    this.node = node;
    this.crypto = crypto;
    this.state = state;
    const { wallets } = state;
    if (wallets.addresses === 0) wallets.addresses = wallets.nextAddresses = config.wallets;
  }

  /** What the request to be a member says: the set in use, or to a new gateway (`roams`) a fresh one. */
  claim(roams = false): WalletClaim {
    const { set, addresses, next } = this.state.wallets;
    return roams ? this.claimOf(next + 1, this.config.wallets) : this.claimOf(set, addresses);
  }

  /**
   * The node speaks with another gateway, whose ledger has set `known` of it (undefined: not heard of any).
   * No set is used in two ledgers: the one of the request to be a member is begun, where the ledger has that,
   * and otherwise another one is due.
   */
  arrived(known: number | undefined): void {
    const { wallets } = this.state;
    const fresh = wallets.next + 1;
    this.known = known ?? -1;
    wallets.set = wallets.next = Math.max(fresh, this.known);
    wallets.addresses = wallets.nextAddresses = this.config.wallets;
    wallets.used = 0;
    if (known !== undefined && known !== fresh) this.refused();
  }

  /** What a state root says of set `set`. */
  commitmentOf(set: number): Uint8Array {
    return walletCommitment(this.crypto, this.keyOf(set));
  }

  /** Address `index` of set `set`. */
  addressAt(set: number, index: number): Uint8Array {
    return walletOf(this.crypto, this.keyOf(set), index);
  }

  /** The address that is used after `ahead` others that are not used yet. */
  address(ahead: number): Uint8Array {
    const { set, index } = this.place(ahead);
    return walletOf(this.crypto, this.keyOf(set), index);
  }

  /** The next `count` addresses are used; the caller stores the state with what it says. */
  use(count: number): void {
    const { wallets } = this.state;
    const over = wallets.used + count - tradesOf(wallets.addresses);
    if (over < 0 || !this.follows) {
      wallets.used += count; // beyond the set's addresses: they are used again
      return;
    }
    wallets.set = wallets.next;
    wallets.addresses = wallets.nextAddresses;
    wallets.used = Math.min(over, count);
  }

  /** What the ledger has by a statement of account. */
  follow(set: number): void {
    const { wallets } = this.state;
    this.known = Math.max(this.known, set);
    if (set > wallets.next) this.lost();
  }

  /** The store was lost, and with it what was used of the set that the ledger knows: a new one is begun. */
  lost(): void {
    const { wallets } = this.state;
    wallets.set = wallets.next = Math.max(0, this.known);
    wallets.addresses = wallets.nextAddresses = this.config.wallets;
    wallets.used = this.config.wallets;
  }

  /** The set that has to be said now, or undefined. The caller says it, or calls again. */
  due(): WalletClaim | undefined {
    const { wallets } = this.state;
    const { set, next, used, addresses, nextAddresses } = wallets;
    // The ledger keeps two sets of an account: none is said while the one before it is not begun.
    const refused = nextAddresses === 0;
    if (!refused && (next !== set || this.known < next)) return undefined;
    const other = nextAddresses !== this.config.wallets; // the node was given another number of them
    const low = used > 0 && tradesOf(addresses) - used < LEFT_MIN;
    if (!other && !(low && addresses > 1)) return undefined;
    return this.claimOf(next + 1, this.config.wallets);
  }

  /** `claim` goes out with this state. */
  said({ set, addresses }: WalletClaim): void {
    this.state.wallets.next = set;
    this.state.wallets.nextAddresses = addresses;
  }

  /** The gateway did not take the set that was said last: the next one is tried. */
  refused(): void {
    const { wallets } = this.state;
    wallets.nextAddresses = 0;
    if (wallets.set === wallets.next) wallets.used = wallets.addresses; // none of it is any good
  }

  /** Whether another set was said that can be begun. */
  private get follows(): boolean {
    const { set, next, nextAddresses } = this.state.wallets;
    return next > set && nextAddresses > 0;
  }

  /** Where the address after `ahead` unused ones is. */
  private place(ahead: number): { set: number; index: number } {
    const { set, addresses, used, next, nextAddresses } = this.state.wallets;
    const over = used + ahead - tradesOf(addresses);
    if (over < 0) return { set, index: first(addresses) + used + ahead };
    if (!this.follows) return { set, index: first(addresses) + (over % tradesOf(addresses)) };
    const fresh = Math.min(over, ahead) % tradesOf(nextAddresses);
    return { set: next, index: first(nextAddresses) + fresh };
  }

  private keyOf(set: number): Uint8Array {
    if (this.key?.set !== set) {
      const secret = walletSecretOf(this.crypto, this.config.secretKey, set);
      this.key = { set, walletKey: this.crypto.publicKey(secret) };
    }
    return this.key.walletKey;
  }

  private claimOf(set: number, addresses: number): WalletClaim {
    const { net, secretKey } = this.config;
    return claimWallets(this.crypto, secretKey, net, this.node, set, addresses);
  }
}

/** How many trades a set of so many addresses is for. */
function tradesOf(addresses: number): number {
  return addresses - first(addresses);
}

/** The first address for trades. */
function first(addresses: number): number {
  return addresses === 1 ? 0 : 1;
}
