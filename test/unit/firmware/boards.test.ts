// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { pathToFileURL } from "node:url";
import { OUTBOX_MAX } from "#core/limits";
import { slotBytesOf } from "#tools/firmware/image";
import type { Board } from "#xs/device/board";

const devices = join(import.meta.dirname, "../../../devices");
const names = readdirSync(devices).filter((name) => existsSync(join(devices, name, "board.ts")));

interface Partition {
  name: string;
  type: string;
  subtype: string;
  offset: number;
  size: number;
  flags: string;
}

function partitionsOf(name: string): Partition[] {
  const text = readFileSync(join(devices, name, "partitions.csv"), "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [label, type, subtype, offset, size, flags = ""] = line.split(",").map((s) => s.trim());
      return { name: label, type, subtype, offset: Number(offset), size: Number(size), flags };
    });
}

function configOf(name: string): Map<string, string> {
  const text = readFileSync(join(devices, name, "sdkconfig/sdkconfig.defaults"), "utf8");
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("# "));
  return new Map(lines.map((line) => line.split("=") as [string, string]));
}

/** What the image is expected to have (docs/firmware.md, "Image size"). */
const SLOT_BYTES_MIN = 0x1d0000;
/**
 * A full outbox of messages of 790 bytes (src/meter/register/README.md): of each the data, a chunk's header
 * and an index, in pages of 126 entries of 32 bytes; twelve pages for everything else, and one always empty.
 */
const NVS_BYTES_MIN = 4096 * (Math.ceil((OUTBOX_MAX * (2 + Math.ceil(790 / 32))) / 126) + 12 + 1);

/** Pins that a chip's flash and PSRAM take, and those that can only be inputs. */
const CHIPS: Record<string, { gpios: number; taken: number[]; inputs: number[] }> = {
  esp32: { gpios: 40, taken: [6, 7, 8, 9, 10, 11], inputs: [34, 35, 36, 37, 38, 39] },
  esp32c3: { gpios: 22, taken: [12, 13, 14, 15, 16, 17], inputs: [] },
  esp32s3: { gpios: 49, taken: [26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37], inputs: [] },
};

async function boardOf(name: string): Promise<{ board: Board; chip: string }> {
  const { board } = await import(pathToFileURL(join(devices, name, "board.ts")).href);
  const manifest = JSON.parse(readFileSync(join(devices, name, "manifest.json"), "utf8"));
  return { board, chip: manifest.build.ESP32_SUBCLASS ?? "esp32" };
}

test("there are boards of the three chips, and one with a wire", async () => {
  const boards = await Promise.all(names.map(boardOf));
  assert.deepEqual([...new Set(boards.map(({ chip }) => chip))].sort(), Object.keys(CHIPS));
  assert.ok(boards.some(({ board }) => board.network === "ethernet"));
});

for (const name of names) {
  test(`${name}: its pins exist, are free, and are used once`, async () => {
    const { board, chip } = await boardOf(name);
    assert.equal(board.name, name);
    const { gpios, taken, inputs } = CHIPS[chip];
    const { uart, i2c, pulse } = board.meter;
    const out = [board.console.transmit, uart.transmit, uart.direction, i2c.data, i2c.clock];
    if (board.led >= 0) out.push(board.led);
    const pins = [...out, board.console.receive, uart.receive, pulse.pin, board.button];
    assert.equal(new Set(pins).size, pins.length, `used twice: ${pins.sort((a, b) => a - b)}`);
    for (const pin of pins)
      assert.ok(pin >= 0 && pin < gpios && !taken.includes(pin), `pin ${pin}`);
    for (const pin of out) assert.ok(!inputs.includes(pin), `pin ${pin} cannot be an output`);
    if (board.network === "ethernet")
      for (const pin of pins)
        assert.ok(
          ![0, 16, 18, 19, 21, 22, 23, 25, 26, 27].includes(pin),
          `pin ${pin} is the PHY's`,
        );
    const page = readFileSync(join(devices, name, "README.md"), "utf8");
    for (const pin of pins) assert.match(page, new RegExp(`\\b${pin}\\b`), `${pin} is on its page`);
  });

  test(`${name}: two firmware slots, NVS, keys and the witness log fit the flash`, () => {
    const config = configOf(name);
    const flash = config.get("CONFIG_ESPTOOLPY_FLASHSIZE_8MB") === "y" ? 8 : 4;
    const partitions = partitionsOf(name);
    let end = 0xd000; // behind a partition table at 0xC000, as a signed bootloader needs it
    for (const { name: label, offset, size } of partitions) {
      assert.ok(offset >= end, `${label} begins behind the one before it`);
      assert.equal(offset % 0x1000, 0, label);
      assert.equal(size % 0x1000, 0, label);
      end = offset + size;
    }
    assert.ok(end <= flash * 1024 * 1024, `${end} bytes of ${flash} MB`);
    const slots = partitions.filter(({ type }) => type === "app");
    assert.deepEqual(
      slots.map(({ subtype }) => subtype),
      ["ota_0", "ota_1"],
    );
    for (const { offset, size } of slots) {
      assert.equal(offset % 0x10000, 0, "the bootloader maps whole 64 KB");
      assert.equal(size % 0x10000, 0, "whole pages of the memory map");
      assert.ok(size >= SLOT_BYTES_MIN, `${size} bytes`);
    }
    assert.equal(slots[0].size, slots[1].size);
    const text = readFileSync(join(devices, name, "partitions.csv"), "utf8");
    assert.equal(slotBytesOf(text), slots[0].size);
    const named = (label: string) => partitions.find(({ name: other }) => other === label);
    assert.equal(named("otadata")?.size, 0x2000);
    assert.ok(
      (named("nvs")?.size ?? 0) >= NVS_BYTES_MIN,
      "NVS for a full outbox, and room to move it",
    );
    assert.equal(named("nvs_keys")?.flags, "encrypted");
    assert.ok(
      (named("witness")?.size ?? 0) >= 0x10000,
      "a partition of its own for the witness log",
    );
  });

  test(`${name}: the SDK's settings that a meter must not have are changed`, () => {
    const text = readFileSync(join(devices, name, "sdkconfig/sdkconfig.defaults"), "utf8");
    // mcconfig leaves out every line that begins with #: such a setting would be no setting.
    assert.doesNotMatch(text, /is not set/);
    const config = configOf(name);
    const wanted = {
      CONFIG_BOOTLOADER_SKIP_VALIDATE_ALWAYS: "n",
      CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE: "y",
      CONFIG_ESP_INT_WDT: "y",
      CONFIG_ESP_TASK_WDT_EN: "y",
      CONFIG_ESP_TASK_WDT_PANIC: "y",
      CONFIG_NVS_FLASH_VERIFY_ERASE: "y",
    };
    for (const [key, value] of Object.entries(wanted)) assert.equal(config.get(key), value, key);
  });
}
