// SPDX-License-Identifier: Apache-2.0
/**
 * Line commands on the serial line, for what Improv does not carry. A command begins with the word `wattle`;
 * any other line is somebody else's and is passed over. Nothing that was typed is repeated.
 */
import { CONSOLE_LINE_BYTES_MAX, CONSOLE_WORDS_MAX } from "#core/limits-device";
import type { InputFault } from "./fields.ts";
import { decodeUtf8 } from "./utf8.ts";

const NEWLINE = 10;
const RETURN = 13;
const TAB = 9;
const BACKSPACE = 8;
const DELETE = 127;

/** One line that came in, without its end. `long`: the rest of it did not fit and is gone. */
export interface Line {
  bytes: Uint8Array;
  long: boolean;
}

/** Gathers bytes into lines; memory is one line, whatever comes. */
export class LineBuffer {
  private readonly held = new Uint8Array(CONSOLE_LINE_BYTES_MAX);
  private length = 0;
  private long = false;

  /** The line that `byte` ends, or undefined. Empty lines are none. */
  push(byte: number): Line | undefined {
    if (byte === NEWLINE || byte === RETURN) return this.end();
    if (byte === BACKSPACE || byte === DELETE) this.rubOut();
    else if (byte < 0x20 && byte !== TAB)
      return undefined; // what terminals send beside text
    else if (this.length === this.held.length) this.long = true;
    else this.held[this.length++] = byte;
    return undefined;
  }

  private end(): Line | undefined {
    if (this.length === 0) return undefined;
    const line = { bytes: this.held.slice(0, this.length), long: this.long };
    this.held.fill(0); // it may have been a passphrase
    this.length = 0;
    this.long = false;
    return line;
  }

  /** Takes the last character back, which may be several bytes. */
  private rubOut(): void {
    while (this.length > 0 && this.held[--this.length] >> 6 === 2);
  }
}

export type AuthorityStep = "begin" | "add" | "end" | "clear";

export type ResetKind = "settings" | "identity" | "registers";

export type Command =
  | { name: "help" | "show" | "qr" }
  | { name: "set"; pairs: [string, string][] }
  | { name: "wifi"; ssid: string; passphrase: string; untried: boolean }
  | { name: "claim"; fresh: boolean }
  | { name: "ca"; step: AuthorityStep; text: string }
  | { name: "reset"; kind: ResetKind; yes: boolean; confirm: string | undefined }
  | { name: "fault"; command: string; errors: InputFault[] };

const SEE_HELP = "see wattle help";

/** The command in `line`, what is wrong with it, or undefined where it is none of ours. */
export function parseCommand(line: Line): Command | undefined {
  const text = decodeUtf8(line.long ? asciiStart(line.bytes) : line.bytes);
  if (text === undefined || !/^[ \t]*wattle([ \t]|$)/.test(text)) return undefined;
  if (line.long) {
    const cause = `is longer than ${CONSOLE_LINE_BYTES_MAX} bytes`;
    return fault("", "line", cause, "set fewer things at once");
  }
  const words = wordsOf(text);
  if (!words) return fault("", "line", "has a quote that does not end", 'close it with "');
  if (words.length > CONSOLE_WORDS_MAX)
    return fault("", "line", `has more than ${CONSOLE_WORDS_MAX} words`, "quote blanks");
  const rest = words.slice(2);
  switch (words[1]) {
    case "help":
    case "show":
    case "qr":
      return rest.length === 0 ? { name: words[1] } : tooMany(words[1]);
    case "set":
      return parseSet(rest);
    case "wifi":
      return parseWifiWords(rest);
    case "claim":
      if (rest.length === 0) return { name: "claim", fresh: false };
      return rest.length === 1 && rest[0] === "new"
        ? { name: "claim", fresh: true }
        : tooMany("claim");
    case "ca":
      return parseAuthority(rest);
    case "reset":
      return parseReset(rest);
    default:
      return fault("", "command", "is missing or unknown", SEE_HELP);
  }
}

/** The beginning of a line that was cut, perhaps inside a character. */
function asciiStart(bytes: Uint8Array): Uint8Array {
  const end = bytes.findIndex((byte) => byte > 0x7f);
  return end < 0 ? bytes : bytes.slice(0, end);
}

function fault(command: string, field: string, cause: string, cure: string): Command {
  return { name: "fault", command, errors: [{ field, cause, cure }] };
}

function tooMany(command: string): Command {
  return fault(command, "line", "has words that the command does not take", SEE_HELP);
}

function parseSet(words: readonly string[]): Command {
  const errors: InputFault[] = [];
  const pairs: [string, string][] = [];
  words.forEach((word, i) => {
    const at = word.indexOf("=");
    const cure = "write name=value without blanks, or the value in quotes";
    if (at > 0) pairs.push([word.slice(0, at), word.slice(at + 1)]);
    else errors.push({ field: `word ${i + 1}`, cause: "is not name=value", cure });
  });
  if (words.length === 0)
    errors.push({ field: "line", cause: "sets nothing", cure: "give at least one name=value" });
  return errors.length > 0 ? { name: "fault", command: "set", errors } : { name: "set", pairs };
}

function parseWifiWords(words: readonly string[]): Command {
  const usage = "write wattle wifi <ssid> [<passphrase>] [--untried], blanks in quotes";
  if (words.length === 0) return fault("wifi", "ssid", "is missing", usage);
  if (words.length > 3 || (words.length === 3 && words[2] !== "--untried"))
    return fault("wifi", "line", "has words that the command does not take", usage);
  const [ssid, passphrase = ""] = words;
  return { name: "wifi", ssid, passphrase, untried: words.length === 3 };
}

function parseAuthority(words: readonly string[]): Command {
  const [step, text = ""] = words;
  const takes = step === "add" ? 2 : 1;
  if (words.length === takes && (step === "begin" || step === "end" || step === "clear"))
    return { name: "ca", step, text };
  if (words.length === takes && step === "add") return { name: "ca", step, text };
  const usage = "write wattle ca begin, wattle ca add <base64>, wattle ca end, or wattle ca clear";
  return fault("ca", "line", "is none of the four that there are", usage);
}

function parseReset(words: readonly string[]): Command {
  const usage = "write wattle reset settings --yes, or wattle reset identity";
  const kind = words[0];
  if (kind !== "settings" && kind !== "identity" && kind !== "registers")
    return fault("reset", "kind", "is missing or unknown", usage);
  let yes = false;
  let confirm: string | undefined;
  for (let i = 1; i < words.length; i++) {
    if (words[i] === "--yes") yes = true;
    else if (words[i] === "--confirm" && i + 1 < words.length) confirm = words[++i];
    else return fault("reset", "line", "has words that the command does not take", usage);
  }
  return { name: "reset", kind, yes, confirm };
}

/** Words between blanks; in double quotes blanks count, and \ takes the next character as it is. */
function wordsOf(text: string): string[] | undefined {
  const words: string[] = [];
  let word = "";
  let inside = false;
  let begun = false;
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    if (inside && character === "\\" && i + 1 < text.length) word += text.charAt(++i);
    else if (character === '"') {
      inside = !inside;
      begun = true;
    } else if (!inside && (character === " " || character === "\t")) {
      if (begun) words.push(word);
      word = "";
      begun = false;
    } else {
      word += character;
      begun = true;
    }
  }
  if (inside) return undefined;
  if (begun) words.push(word);
  return words;
}
