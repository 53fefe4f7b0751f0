// SPDX-License-Identifier: Apache-2.0
/** Lamp and button of the board, where it has them: what people see and touch of a node. */
import Digital from "embedded:io/digital";
import { board } from "#board";
import { Button, type ButtonPhase } from "#meter/health/button";
import { Lamp } from "#meter/health/lamp";
import type { Device } from "#xs/device/device";
import { guarded } from "#xs/device/guard";
import { deviceTimer } from "#xs/device/timer";

/** Both are there for as long as the chip is on. */
export function openFront(device: Device): void {
  const { led, button } = board;
  let phase: ButtonPhase = "idle";
  let lamp: Lamp | undefined;
  if (led >= 0) {
    const pin = new Digital({ pin: led, mode: Digital.Output, initialValue: 0 });
    lamp = new Lamp({
      timer: deviceTimer,
      light: (on) => pin.write(on ? 1 : 0),
      state: () => (phase === "idle" ? device.lampState : phase),
    });
    lamp.start();
  }
  if (button < 0) return;
  const pin = new Digital({
    pin: button,
    mode: Digital.InputPullUp,
    edge: Digital.Rising | Digital.Falling,
    onReadable: () => guarded(() => contact.changed()),
  });
  const contact = new Button({
    timer: deviceTimer,
    pressed: () => pin.read() === 0,
    onPhase(next) {
      phase = next;
      lamp?.start();
    },
    onReset: () => device.provisioner.resetSettings(),
  });
}
