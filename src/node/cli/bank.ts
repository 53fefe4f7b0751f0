// SPDX-License-Identifier: Apache-2.0
/** `wattle bank`: the bank's screen, from a store or an export offline, or live from the monitor topics. */
import { existsSync } from "node:fs";
import { Topics } from "#core/topics";
import type { CreditFacts } from "#gateway/credit/facts";
import { OPERATOR_KEY_FILE, operatorKey } from "../config/operator-key.ts";
import { authorityFrom, pemOf } from "./authority-file.ts";
import { bankLines, type LiveFacts } from "./bank-text.ts";
import { MonitorLink } from "./monitor-link.ts";
import { EXIT_UNREADABLE, runVerify } from "./verify.ts";

export interface BankCommandOptions {
  /** A store or an export. */
  file?: string;
  sealKey?: string;
  url?: string;
  area: string;
  key?: string;
  ca?: string;
  once?: boolean;
  json?: boolean;
  /** How long `once` waits for the bank, ms. Default 5000. */
  onceTimeoutMs?: number;
  out?: (text: string) => void;
  err?: (text: string) => void;
}

/** The answer is the exit code: 1 where the ledger is not right or has no bank, 2 where it cannot be read. */
export async function bankCommand(options: BankCommandOptions): Promise<number> {
  const out = options.out ?? ((text) => void process.stdout.write(text));
  const err = options.err ?? ((text) => void process.stderr.write(text));
  if ((options.file === undefined) === (options.url === undefined)) {
    err("wattle bank: give a store, or --url for a live area\n");
    return 78;
  }
  if (options.file !== undefined) return fromStore(options.file, options, out, err);
  return live(options.url!, options, out, err);
}

function fromStore(
  file: string,
  { sealKey, json }: BankCommandOptions,
  out: (text: string) => void,
  err: (text: string) => void,
): number {
  const report = runVerify(file, { sealKey });
  const { audit } = report;
  if (!audit) {
    err(`wattle bank: ${report.error ?? report.exportFault?.meaning ?? "no ledger"}\n`);
    return report.exitCode || EXIT_UNREADABLE;
  }
  const { credit } = audit.summary;
  if (!credit) {
    err(`wattle bank: ${file} has no bank. Set credit in the gateway's configuration\n`);
    return 1;
  }
  out(json ? `${JSON.stringify(credit)}\n` : `${bankLines(credit).join("\n")}\n`);
  if (!audit.ok) err(`wattle bank: the ledger has faults: wattle verify ${file}\n`);
  return report.exitCode;
}

function live(
  url: string,
  options: BankCommandOptions,
  out: (text: string) => void,
  err: (text: string) => void,
): Promise<number> {
  const { area, once, json } = options;
  const file = options.key ?? (existsSync(OPERATOR_KEY_FILE) ? OPERATOR_KEY_FILE : undefined);
  const topic = new Topics(area).monitor("bank");
  const { promise, resolve } = Promise.withResolvers<number>();
  let link: MonitorLink;
  try {
    if (!URL.canParse(url)) throw new Error(`${url} is no URL`);
    const key = file === undefined ? undefined : { file, secretKey: operatorKey(file) };
    const ca = options.ca === undefined ? undefined : pemOf(authorityFrom(options.ca));
    link = new MonitorLink(
      { url, area, filters: [topic], key, ca },
      {
        connected() {},
        closed() {},
        trouble: (text) => err(`wattle bank: ${text}\n`),
        outsider: (text) => err(`wattle bank: ${text}\n`),
        message(from, payload) {
          const facts = from === topic ? factsOf(payload) : undefined;
          if (!facts) return;
          const clear = !json && !once && process.stdout.isTTY ? "\x1b[H\x1b[J" : "";
          out(json ? `${JSON.stringify(facts)}\n` : `${clear}${bankLines(facts).join("\n")}\n`);
          if (once) resolve(0);
        },
      },
    );
  } catch (error) {
    err(`wattle bank: ${(error as Error).message}\n`);
    return Promise.resolve(78);
  }
  const stop = () => resolve(0);
  process.on("SIGINT", stop).on("SIGTERM", stop);
  const late = once && setTimeout(() => resolve(1), options.onceTimeoutMs ?? 5000);
  return promise.finally(() => {
    if (late) clearTimeout(late);
    process.off("SIGINT", stop).off("SIGTERM", stop);
    link.end();
  });
}

/** What the topic says, where it is what a bank says. */
function factsOf(payload: Uint8Array): (CreditFacts & LiveFacts) | undefined {
  try {
    const facts = JSON.parse(Buffer.from(payload).toString("latin1")) as CreditFacts & LiveFacts;
    return Array.isArray(facts.banks) && Array.isArray(facts.loans) ? facts : undefined;
  } catch {
    return undefined;
  }
}
