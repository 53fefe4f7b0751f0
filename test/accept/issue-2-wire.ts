// SPDX-License-Identifier: Apache-2.0
/** What goes to a device over a wire: an update over MQTT, and its settings over a serial line. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { onCi } from "../data.ts";
import { pem } from "../helpers/certificates.ts";
import { AUTHORITY, GATEWAY_KEY } from "../unit/meter/provision/device.ts";
import { deviceOnPty, deviceOnSocket, type PortedDevice } from "../unit/node/provision-device.ts";
import { UpdateRun } from "../unit/node/update-run.ts";
import { type Find, folder, type Line, wattle } from "./harness.ts";

const IMAGE_BYTES = 300_000;
/** Messages' headers, and the window that is asked for again after each of the two interruptions. */
const EXTRA_BYTES_MAX = 20 * 4096;

export const update: Line = {
  name: "update",
  title: "300 KB over MQTT with a lost connection and a killed gateway; a bad image goes back",
  takes: "10 s",
  ci: true,
  async run(find) {
    const run = new UpdateRun();
    try {
      const good = await run.good(IMAGE_BYTES);
      const { lostAtBytes, killedAtBytes, receivedBytes, starts, said, retained, seconds } = good;
      const within = (bytes: number) => bytes > 0 && bytes < IMAGE_BYTES;
      const inside = `inside ${IMAGE_BYTES}`;
      find("connection lost after so many bytes", inside, lostAtBytes, within(lostAtBytes));
      find("gateway killed (SIGKILL) after", inside, killedAtBytes, within(killedAtBytes));
      const more = receivedBytes - IMAGE_BYTES;
      find("bytes more than the image", `≤ ${EXTRA_BYTES_MAX}`, more, more <= EXTRA_BYTES_MAX);
      find("images started", "1.0.0, 1.1.0", starts.join(", "));
      find("state at the end", "confirmed", said.at(-1));
      find("retained on the broker", "1.1.0 confirmed", `${retained.firmware} ${retained.update}`);
      find("seconds", "< 60", seconds.toFixed(1), seconds < 60);
      const bad = await run.bad();
      find("an image that finds no meter: started", "1.2.0, 1.1.0", bad.starts.join(", "));
      const { update: state, updateCode } = bad.last;
      find("and why it went back", "failed 1.2.0 TRIAL_GATES", `${state} ${updateCode}`);
    } finally {
      run.close();
    }
  },
};

export const provision: Line = {
  name: "provision",
  title: "wattle provision sets up a simulated device over a pseudo-terminal and over a socket",
  takes: "5 s",
  ci: true,
  async run(find, say) {
    const options = { qr: true, url: "http://gateway.local/", chatty: true };
    await setUp("socket", await deviceOnSocket(options), find, say);
    const onPty = await deviceOnPty(options);
    if (onPty) await setUp("pty", onPty, find, say);
    else
      find(
        "pty",
        "set up",
        "no script(1) here that makes pseudo-terminals",
        onCi() ? false : "skip",
      );
  },
};

const WIFI = { ssid: "Küche 2", passphrase: "hunter22secret" };

/** The command as people call it, in a process of its own; the device is in this one. */
async function setUp(
  wire: string,
  ported: PortedDevice,
  find: Find,
  say: (line: string) => void,
): Promise<void> {
  try {
    const { device, port } = ported;
    device.wifi.answer = true;
    const dir = folder("provision");
    const passFile = join(dir, "pass");
    const caFile = join(dir, "ca.pem");
    writeFileSync(passFile, `${WIFI.passphrase}\n`);
    writeFileSync(caFile, pem(AUTHORITY));
    const args = ["--port", port, "--wifi", WIFI.ssid, "--wifi-pass-file", passFile];
    args.push("--broker", "mqtts://gateway.local:8883", "--ca", caFile, "--area", "street");
    args.push("--name", "House 7", "--gateway", GATEWAY_KEY);
    args.push("--set", "capacity=4312", "--set", "driver=bl0942");
    const { code, out, err, seconds } = await wattle(["provision", ...args], say);
    find(`${wire}: wattle provision, ${seconds.toFixed(1)} s`, "exit 0", `exit ${code}`);
    if (code !== 0) process.stdout.write(`${out}${err}\n`);
    const ready = device.provisioner.provisioned();
    const { name, area, capacityWh } = ready?.node ?? {};
    find(`${wire}: node`, "House 7 street 4312", `${name} ${area} ${capacityWh}`);
    find(`${wire}: gateway trusted`, short(GATEWAY_KEY), short(hex(ready?.node.gatewayKey)));
    const authority = hex(ready?.link.broker.authority);
    find(
      `${wire}: authority of the broker`,
      "as in the file",
      authority === hex(AUTHORITY) ? "as in the file" : short(authority),
    );
    const { ssid, passphrase } = ready?.link.wifi ?? {};
    find(
      `${wire}: Wi-Fi tried and stored`,
      `${WIFI.ssid} ${WIFI.passphrase}`,
      `${ssid} ${passphrase}`,
    );
    const { publicKey, claim } = device.command("claim");
    const shown = [publicKey, claim].every((text) => out.includes(String(text)));
    find(
      `${wire}: key ${String(publicKey).slice(0, 8)}… and claim code ${claim} shown`,
      true,
      shown,
    );
    const drawn = out.split("\n").filter((line) => /^[ █▀▄]{41}$/u.test(line)).length;
    find(`${wire}: lines of the code to scan`, 21, drawn);
    find(`${wire}: passphrase shown`, false, (out + err).includes(WIFI.passphrase));
  } finally {
    ported.close();
  }
}

function short(text: string): string {
  return text.length > 16 ? `${text.slice(0, 16)}…` : text;
}

function hex(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? "none" : Buffer.from(bytes).toString("hex");
}
