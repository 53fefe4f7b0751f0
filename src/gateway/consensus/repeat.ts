// SPDX-License-Identifier: Apache-2.0
/**
 * Messages get lost. While a height does not come to its end, a gateway says again where it is and what it
 * said last in this round, and shows those in earlier rounds why it is in a later one.
 */
import { type Height, Step } from "./height.ts";
import { repeatPauseMs } from "./timeouts.ts";

export class Repeater {
  private sequence = 0;
  private running = false;
  private pauseMs = 0;
  private mark = "";

  /** Starts the timer, unless it runs. */
  start(h: Height): void {
    if (this.running) return;
    this.running = true;
    this.arm(h, true);
  }

  /**
   * The timer with this number has fired. True: say everything again. `needed`: there is something to wait
   * for.
   */
  fired(h: Height, sequence: number, needed: boolean): boolean {
    if (!this.running || sequence !== this.sequence) return false;
    this.running = needed;
    if (!needed) return false;
    const mark = `${h.number}/${h.round}/${h.step}`;
    this.arm(h, mark !== this.mark);
    this.mark = mark;
    return true;
  }

  private arm(h: Height, progress: boolean): void {
    const { out, options } = h.tools;
    this.pauseMs = repeatPauseMs(options.timeouts, this.pauseMs, progress);
    out.timer("repeat", h.number, ++this.sequence, this.pauseMs);
  }
}

/** Own words of the present round, to all. */
export function sayAgain(h: Height): void {
  if (h.step === Step.idle || h.step === Step.decided || h.place < 0) return;
  const { out } = h.tools;
  const round = h.rounds.get(h.round);
  const proposal = round?.proposals.get(h.place);
  if (proposal) out.send("proposed", proposal.message);
  for (const tally of [round?.prevotes, round?.precommits]) {
    const vote = tally?.votes[h.place];
    if (vote) out.send("vote", vote.bytes);
  }
}

/** To those that were heard in earlier rounds only: the precommits that ended the round before this one. */
export function showWay(h: Height): void {
  const before = h.rounds.get(h.round - 1);
  if (!before || h.step === Step.idle || h.step === Step.decided) return;
  const { out } = h.tools;
  for (let place = 0; place < h.set.size; place++) {
    if (place === h.place || h.rounds.heard[place] >= h.round) continue;
    const to = h.set.idHexAt(place);
    for (const vote of before.precommits.votes) if (vote) out.send("vote", vote.bytes, to);
  }
}
