// SPDX-License-Identifier: Apache-2.0
/**
 * The operator's desk in a secure demo: the commands of `wattle authority` and `wattle enrol` in this process,
 * each said as it would be typed.
 */
import { relative } from "node:path";
import {
  authorityInitCommand,
  authorityIssueCommand,
  authorityRevokeCommand,
} from "#node/cli/authority";
import { authorityTlsCommand } from "#node/cli/authority-files";
import type { AuthorityOptions } from "#node/cli/authority-session";
import { enrolApproveCommand, enrolListCommand } from "#node/cli/enrol";

/** Scrypt with 2^10 blocks is over in milliseconds: for a key store that ends with the demo. */
export const CHEAP_LOG2_N = 10;

/** A command that did not do what it should. */
export class DeskError extends Error {
  override readonly name = "DeskError";
}

type Answer = Record<string, unknown>;
type Own = Omit<AuthorityOptions, "say" | "err" | "json" | "passphrase">;

export class Desk {
  private readonly say: (line: string) => void;
  private readonly passphrase: string;

  /** @param say hears each command line */
  constructor(passphrase: string, say: (line: string) => void) {
    this.passphrase = passphrase;
    this.say = say;
  }

  init(options: Own & { net: string; name: string; out: string }): Promise<Answer> {
    const work = (all: typeof options) => authorityInitCommand({ ...all, log2N: CHEAP_LOG2_N });
    return this.run("authority init", [], options, work);
  }

  tls(options: Own & { host: string; days: string; out: string }): Promise<Answer> {
    return this.run("authority tls", [], options, authorityTlsCommand);
  }

  issue(options: Own & Parameters<typeof authorityIssueCommand>[0]): Promise<Answer> {
    return this.run("authority issue", [], options, authorityIssueCommand);
  }

  revoke(target: string, options: Own & { reason: string; out: string }): Promise<Answer> {
    const work = (all: typeof options) => authorityRevokeCommand(target, all);
    return this.run("authority revoke", [target], options, work);
  }

  approve(which: string, options: Parameters<typeof enrolApproveCommand>[1]): Promise<Answer> {
    const work = (all: typeof options) => enrolApproveCommand(which, all);
    return this.run("enrol approve", [which], options, work);
  }

  requests(folder: string): Promise<Answer> {
    return this.run("enrol list", [], { folder }, enrolListCommand);
  }

  private async run<O extends object>(
    command: string,
    words: readonly string[],
    options: O,
    work: (options: O & AuthorityOptions) => Promise<number>,
  ): Promise<Answer> {
    this.say(commandLine(command, words, options));
    let said = "";
    let wrong = "";
    const code = await work({
      ...options,
      json: true,
      passphrase: this.passphrase,
      say: (text) => {
        said += text;
      },
      err: (text) => {
        wrong += text;
      },
    });
    if (code !== 0) throw new DeskError(wrong.trim() || `wattle ${command} ended with ${code}`);
    return JSON.parse(said) as Answer;
  }
}

/** What somebody would type: options by their names, paths from here. */
export function commandLine(command: string, words: readonly string[], options: object): string {
  const flags = Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return [flag, shown(String(value))];
  });
  return ["$ wattle", command, ...words.map(shown), ...flags].join(" ");
}

function shown(value: string): string {
  const text = value.startsWith("/") ? nearer(value) : value;
  return /^[\w./:,@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function nearer(path: string): string {
  const from = relative(process.cwd(), path);
  return from !== "" && from.length < path.length ? from : path;
}
