// SPDX-License-Identifier: Apache-2.0
/**
 * The panel of a simulated meter in mcsim, the Moddable SDK's desktop simulator: the house's controls at the
 * left, the meter's face at the right. It speaks the messages of ../protocol.ts. mcsim loads it as plain
 * JavaScript from this folder; its globals are those of Piu.
 */
import { ButtonsRow, ControlsColumn, SwitchRow } from "ControlsPane";
import { DeviceBehavior } from "DevicePane";
import { Face } from "./wattle/face.js";
import { Power, powerRow } from "./wattle/rows.js";

const HOUR_MS = 3_600_000;
const FAULT_MS = 60_000;

/** What the controls show; they outlive the meter's power cuts. */
const load = new Power("Load", 800);
const pv = new Power("Solar", 0);
const line = { label: "Mains", event: "onSettingsChanged", on: "On", off: "Off", value: true };

class MeterBehavior extends DeviceBehavior {
  onConfigure(face) {
    face.distribute("onFace", undefined);
    this.heard = false;
    this.onSettingsChanged(face);
  }
  onSettingsChanged(face) {
    const set = { loadW: load.w, pvW: pv.w, line: line.value };
    this.postJSON(face, { set });
  }
  onPowerCut() {
    // The machine goes as it stands, and starts anew from what it kept.
    application.defer("doReloadFile");
  }
  onClockStep(face, { byMs }) {
    this.postJSON(face, { press: "clock-step", byMs });
  }
  onMeterFault(face, { fault }) {
    this.postJSON(face, { press: "meter-fault", fault, forMs: FAULT_MS });
  }
  onJSON(face, { state, error }) {
    if (error !== undefined) face.distribute("onError", String(error));
    if (!state) return;
    // It may have missed what was said to it while it was starting.
    if (!this.heard) this.onSettingsChanged(face);
    this.heard = true;
    face.distribute("onFace", state);
  }
}

const Controls = ControlsColumn.template(() => ({
  contents: [
    powerRow(load),
    powerRow(pv),
    SwitchRow(line),
    ButtonsRow({ label: "Supply", buttons: [{ label: "Power cut", event: "onPowerCut" }] }),
    ButtonsRow({
      label: "Clock",
      buttons: [
        { label: "\u2212 1 hour", event: "onClockStep", byMs: -HOUR_MS },
        { label: "+ 1 hour", event: "onClockStep", byMs: HOUR_MS },
      ],
    }),
    ButtonsRow({
      label: "Chip fault, 60 s",
      buttons: [
        { label: "Silent", event: "onMeterFault", fault: "silent" },
        { label: "Garbled", event: "onMeterFault", fault: "garbled" },
      ],
    }),
  ],
}));

export default {
  applicationName: "wattle[^/]*",
  title: "Wattle meter",
  ControlsTemplate: Controls,
  DeviceTemplates: { 0: Face.template(() => ({ Behavior: MeterBehavior })) },
};
