// SPDX-License-Identifier: Apache-2.0
/** Asks for a secret on the terminal, without echo. */
import type { ReadStream } from "node:tty";

const CTRL_C = "\x03";
const CTRL_D = "\x04";
const BACKSPACES = ["\b", "\x7f"];

/** What was typed up to Return; undefined where it was broken off. `input` is a terminal. */
export async function askSecret(
  question: string,
  input: Pick<ReadStream, "setRawMode" | "on" | "off" | "pause" | "resume">,
  say: (text: string) => void,
): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  let typed: string[] = [];
  const onData = (bytes: Buffer) => {
    for (const key of bytes.toString("utf8")) {
      if (key === "\r" || key === "\n") return resolve(typed.join(""));
      if (key === CTRL_C || key === CTRL_D) return resolve(undefined);
      if (BACKSPACES.includes(key)) typed.pop();
      else if (key >= " ") typed.push(key);
    }
  };
  say(question);
  input.setRawMode(true);
  input.on("data", onData);
  input.resume();
  try {
    return await promise;
  } finally {
    typed = [];
    input.off("data", onData);
    input.setRawMode(false);
    input.pause();
    say("\n");
  }
}
