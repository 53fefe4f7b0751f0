// SPDX-License-Identifier: Apache-2.0
/** A consortium that takes its time: what is proposed is decided when the test says so. */
import { assert } from "#core/errors/assert";
import type { BlockHeader } from "#core/records/block";
import type { Batch } from "#gateway/batch";
import { type Consensus, type OnDecided, SoleGateway } from "#gateway/chain/consensus";

export class LateConsensus implements Consensus {
  /** Decisions that were made. */
  count = 0;
  due = false;
  onDue: () => void = () => {};
  private readonly inner: SoleGateway;
  private proposed: { header: BlockHeader; decided: OnDecided } | undefined;

  constructor(...[crypto, secretKey]: ConstructorParameters<typeof SoleGateway>) {
    this.inner = new SoleGateway(crypto, secretKey);
  }

  propose(header: BlockHeader, _batch: Batch, decided: OnDecided): void {
    assert(!this.proposed, "TEST_TWO_PROPOSALS");
    this.proposed = { header, decided };
  }

  /** The gateways have agreed on what is proposed, if anything is. */
  agree(): void {
    this.due = this.proposed !== undefined;
    if (this.due) this.onDue();
  }

  /** The gateway that proposed it is gone. */
  forget(): void {
    this.proposed = undefined;
    this.due = false;
  }

  deliver(batch: Batch): void {
    const { proposed } = this;
    assert(proposed, "TEST_NOTHING_PROPOSED");
    this.proposed = undefined;
    this.due = false;
    this.count++;
    this.inner.propose(proposed.header, batch, proposed.decided);
  }
}
