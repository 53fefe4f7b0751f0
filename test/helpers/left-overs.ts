// SPDX-License-Identifier: Apache-2.0
import { after, afterEach, beforeEach } from "node:test";

/**
 * Ends this process, a test file's, if it has not ended `graceMs` after its last test: a socket,
 * worker or child left open would keep it, and with it the whole run, until the runner's time limit.
 * It says what is open, and fails; by then its tests are reported.
 */
export function endLeftOvers(graceMs: number): void {
  const { setTimeout, clearTimeout } = globalThis; // not those that a test puts in their place
  let over = false;
  let timer: NodeJS.Timeout | undefined;
  const fail = () => {
    const open = process.getActiveResourcesInfo().join(", ");
    const file = process.argv[1];
    process.stderr.write(
      `${file} has not ended ${graceMs / 1000} s after its last test; open: ${open}\n`,
    );
    process.exit(1);
  };
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(fail, graceMs).unref();
  };
  // In a file that awaits between its tests this comes early: hence the hooks around each test.
  after(() => {
    over = true;
    wait();
  });
  beforeEach(() => clearTimeout(timer));
  afterEach(() => {
    if (over) wait();
  });
}
