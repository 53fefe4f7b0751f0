// SPDX-License-Identifier: Apache-2.0
/** A slider of power: mcsim's own row, with room for its value. */
import { SliderRow } from "ControlsPane";

/** Leaves 70 px of mcsim's 320 for the value. */
const SLIDER_WIDTH = 130;
const STEPS_PER_KW = 10;

/** What the row shows and changes: kW as text with one place, so that a tenth looks like a tenth. */
export class Power {
  min = 0;
  max = 12;
  unit = " kW";
  event = "onSettingsChanged";

  constructor(label, w) {
    this.label = label;
    this.w = w;
  }
  get value() {
    return (this.w / 1000).toFixed(1);
  }
  set value(kw) {
    this.w = (1000 / STEPS_PER_KW) * Math.round(kw * STEPS_PER_KW);
  }
}

export function powerRow(power) {
  const row = new SliderRow(power);
  row.content(1).coordinates = { width: SLIDER_WIDTH, height: 30 };
  return row;
}
