// SPDX-License-Identifier: Apache-2.0
/**
 * What a node keeps for its part in everybody's transactions. Made when the first epoch comes: where there is
 * no proof-of-time it takes no memory.
 */
import {
  EPOCH_MEMBERS_MAX,
  NODE_OWN_UNSOLID_BYTES_MAX,
  NODE_OWN_VOTES_MAX,
  NODE_UNSOLID_BYTES_MAX,
  NODE_VOTES_MAX,
} from "#core/limits";
import type { Committees } from "#core/pot/committee";
import { Ballot } from "#core/votes/ballot";
import { Cone } from "./cone.ts";
import type { NodeConfig } from "./config.ts";
import type { NodePorts } from "./ports.ts";
import { WitnessLog } from "./witness/log.ts";
import { Witness } from "./witness/rule.ts";

type ShareConfig = Pick<NodeConfig, "net" | "secretKey" | "policy">;
type SharePorts = Pick<NodePorts, "crypto" | "entropy" | "store" | "witness" | "log">;

/** Members in one word of a count. */
const WORD = 32;

export class Share {
  readonly cone: Cone;
  readonly witness: Witness | undefined;
  private readonly own: Uint8Array;
  /** Votes; undefined before the first epoch is opened. */
  private held: Ballot | undefined;
  private membersMax = 0;
  private readonly capacity: number;

  constructor(config: ShareConfig, ports: SharePorts, id: Uint8Array) {
    this.own = id;
    const own = config.policy.follow === "own";
    this.capacity = own ? NODE_OWN_VOTES_MAX : NODE_VOTES_MAX;
    this.cone = new Cone(ports.entropy, own ? NODE_OWN_UNSOLID_BYTES_MAX : NODE_UNSOLID_BYTES_MAX);
    const { crypto, entropy, store, witness: region } = ports;
    if (!region) return;
    const log = new WitnessLog({ region, store, entropy });
    if (log.state === "lost") ports.log("error", "witness-log-lost");
    const { net, secretKey } = config;
    this.witness = new Witness({ crypto, net, secretKey, log });
  }

  get ballot(): Ballot | undefined {
    return this.held;
  }

  /**
   * Counts votes in these epochs, the latest first. Returns true where it begins with nothing, since there
   * are more members than there was room for: what this node voted for is forgotten then.
   */
  open(known: readonly Committees[]): boolean {
    const count = Math.max(...known.map(({ members }) => members.count));
    const anew = count > this.membersMax;
    if (anew) {
      // A few more can come.
      this.membersMax = Math.min(EPOCH_MEMBERS_MAX, WORD * (1 + Math.floor(count / WORD)));
      const { own, membersMax } = this;
      this.held = new Ballot({ capacity: this.capacity, membersMax, own });
    }
    for (const { epoch, members } of anew ? [...known].reverse() : known.slice(0, 1))
      this.held?.open({
        epoch: epoch.epoch,
        n: members.count,
        indexOf: (node) => members.indexOf(node),
        nodeAt: (index) => members.nodeOf(index),
      });
    return anew;
  }
}
