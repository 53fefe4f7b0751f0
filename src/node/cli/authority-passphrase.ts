// SPDX-License-Identifier: Apache-2.0
/** Where the passphrase of the authority's key store comes from: a file, the environment, the terminal. */
import { statSync } from "node:fs";
import { AuthorityToolError } from "../authority/error.ts";
import { readBounded } from "../authority/files.ts";
import { passphraseFault } from "../authority/key-store.ts";
import { askSecret } from "./ask-secret.ts";

export interface PassphraseOptions {
  /** The passphrase itself, of a program that made it; on no command line. */
  passphrase?: string;
  /** File whose first line it is. */
  passphraseFile?: string;
  /** Where it is typed; a terminal. */
  input?: Parameters<typeof askSecret>[1] & { isTTY?: boolean };
  err?: (text: string) => void;
}

/** Four bytes for each character of the longest one, and more than that is no such file. */
const FILE_BYTES_MAX = 8192;

/** The passphrase of a key store that there is. @throws AuthorityToolError */
export async function passphraseFrom(options: PassphraseOptions, path: string): Promise<string> {
  return given(options) ?? (await ask(options, `Passphrase of ${path}: `));
}

/** A passphrase for a new key store, typed twice. @throws AuthorityToolError */
export async function newPassphraseFrom(options: PassphraseOptions): Promise<string> {
  const from = given(options);
  const passphrase = from ?? (await ask(options, "New passphrase: "));
  const fault = passphraseFault(passphrase);
  if (fault) throw new AuthorityToolError(fault);
  if (from === undefined && (await ask(options, "The same again: ")) !== passphrase)
    throw new AuthorityToolError("that was another passphrase. Nothing was made; try again");
  return passphrase;
}

function given(options: PassphraseOptions): string | undefined {
  const { passphrase, passphraseFile, err = toStderr } = options;
  if (passphrase !== undefined) return passphrase;
  if (passphraseFile === undefined) return process.env.WATTLE_PASSPHRASE || undefined;
  const cure = "Give a file whose first line is the passphrase";
  const bytes = readBounded(passphraseFile, FILE_BYTES_MAX, cure);
  if ((statSync(passphraseFile).mode & 0o077) !== 0)
    err(`warning: others can read ${passphraseFile}. Run chmod 600 on it\n`);
  return Buffer.from(bytes).toString("utf8").split(/\r?\n/, 1)[0];
}

async function ask(options: PassphraseOptions, question: string): Promise<string> {
  const { input = process.stdin, err = toStderr } = options;
  if (!input.isTTY)
    throw new AuthorityToolError(
      "no terminal to ask for the passphrase on. Give --passphrase-file, or WATTLE_PASSPHRASE in the " +
        "environment",
    );
  const typed = await askSecret(question, input, err);
  if (typed === undefined) throw new AuthorityToolError("broken off");
  return typed;
}

function toStderr(text: string): void {
  process.stderr.write(text);
}
