// SPDX-License-Identifier: Apache-2.0
/** What a town's run came to. */
import { Violation as StreetViolation } from "../../smartchain/violation.ts";
import type { TownGateway } from "../../town/town-gateway.ts";
import { Violation } from "../violation.ts";

export interface TownOutcome {
  seed: number;
  events: number;
  turns: number;
  blocks: number;
  trades: number;
  /** Loans that were granted, and coins of rewards, µc. */
  loans: number;
  mintedMicro: number;
  messages: number;
  faults: Record<string, number>;
  violation: Violation | undefined;
  /** Virtual time of the whole run; and from healing until all was settled, in thousandths of the bound. */
  tookMs: number;
  boundPermille: number;
}

/** Found by a checker, and no assertion of the code. */
export function isViolation(error: unknown): boolean {
  return error instanceof Violation || error instanceof StreetViolation;
}

export function violationOf(error: unknown, who: string): Violation {
  if (error instanceof Violation) return error;
  if (error instanceof StreetViolation) return new Violation(error.invariant, error.message);
  return new Violation("dead", `${who}: ${error instanceof Error ? error.stack : String(error)}`);
}

/** How far each gateway has come. */
export function standing(gateways: readonly TownGateway[]): string {
  const lines = gateways.map(({ index, gateway }) => {
    const at = gateway?.seat?.replica.at;
    const slots = gateway?.area.settledSlots;
    const members = gateway?.area.sessions.size;
    const silent = at?.silent ? ", silent" : "";
    return `gateway ${index}: ${slots} slots, ${members} members, at ${at?.height}/${at?.round}${silent}`;
  });
  return `not settled in time: ${lines.join("; ")}`;
}
