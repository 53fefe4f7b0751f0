// SPDX-License-Identifier: Apache-2.0
/** What a demo is asked for, and what its steps hand on to each other. */
import type { ListrTaskWrapper } from "listr2";
import type { GatewayOptions } from "#gateway/options";
import type { FleetSummary } from "../fleet/summary.ts";
import type { AssembledRun } from "../report/assemble.ts";
import type { ConsortiumFacts } from "../report/consortium.ts";
import type { ProcessCounts } from "../report/counts.ts";
import type { World } from "../worlds/types.ts";
import type { DemoConsortium } from "./consortium.ts";
import type { CreditChoice, RunFiles } from "./files.ts";
import type { GatewayKeeper } from "./gateway-keeper.ts";
import type { NodesProcess } from "./nodes-process.ts";
import type { SecureRun } from "./secure/run.ts";
import type { Watch } from "./watch.ts";

export interface DemoSetup {
  world: World;
  seed: number;
  engine: "xs" | "v8";
  crypto: string;
  report: string;
  genesis: number;
  deposit: GatewayOptions["deposit"];
  market: GatewayOptions["market"];
  slotTimeout: number;
  proofOfTime: boolean;
  speed?: number;
  broker?: string;
  port: number;
  killGateway: number;
  json?: boolean;
  nodeArgs: string[];
  scenario?: string;
  /** The policy of the gateway's bank; undefined: there is none. */
  credit?: CreditChoice;
  /** With an authority: TLS, certificates, and two members that lose theirs. */
  secure?: boolean;
  /** More than one agree on one ledger, each with an area of its own. */
  gateways: number;
  /** Kill, stop, cut off and lose gateways while they trade. */
  gatewayFaults?: boolean;
  /** One more joins by its operators' commands while they trade, and one leaves. */
  gatewayChanges?: boolean;
}

export interface DemoState {
  /** Undefined where there is no authority. */
  secure: SecureRun | undefined;
  /** Where there are several gateways; the other fields are then the first one's. */
  consortium: DemoConsortium | undefined;
  files: RunFiles;
  keeper: GatewayKeeper;
  gatewayEnd: Promise<number | null>;
  url: string;
  nodes: NodesProcess;
  watch: Watch;
  fleet: FleetSummary | undefined;
  counts: ProcessCounts;
  peak: { gatewayPssBytes: number; nodesPssBytes: number };
  firstTradeSeconds: number | undefined;
  startMs: number;
  wallSeconds: number;
  run: AssembledRun;
  consortiumFacts: ConsortiumFacts | undefined;
  /** Called when a gateway of several ends by itself. */
  died: ((area: string, code: number | null) => void) | undefined;
}

export type Task = ListrTaskWrapper<DemoState, never, never>;
