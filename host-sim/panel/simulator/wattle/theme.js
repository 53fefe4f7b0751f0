// SPDX-License-Identifier: Apache-2.0
/** Colours, and the face's two sizes; the controls beside it look as mcsim makes them. */
const PAPER = "#fbfaf6";
const EDGE = "#cfcabd";
const HAIRLINE = "#e4e0d5";
const INK = "#27343a";
const MUTED = "#737d80";
const GLASS = "#e3eae0";
const GLASS_EDGE = "#c5cfc1";
const GLASS_INK = "#566a5d";
const DIGITS = "#22352b";
const BLUE = "#3f6791";
const GOLD = "#96700a";
const GREEN = "#4a8f63";
const AMBER = "#cf9a24";
const RED = "#ad4a42";

/** What `state` of a content with several colours means. */
export const Tone = Object.freeze({ plain: 0, buyer: 1, seller: 2, alarm: 3 });
export const Lamp = Object.freeze({ off: 0, joining: 1, online: 2, alarm: 3 });

export const skins = Object.freeze({
  case: new Skin({ fill: PAPER, stroke: EDGE }),
  glass: new Skin({ fill: GLASS, stroke: GLASS_EDGE }),
  hairline: new Skin({ fill: HAIRLINE }),
  glassLine: new Skin({ fill: GLASS_EDGE }),
  lamp: new Skin({ fill: [EDGE, AMBER, GREEN, RED], stroke: [EDGE, AMBER, GREEN, RED] }),
});

/** Type in the sizes (px) of a face's digits, values, lines and labels. */
function stylesOf(digits, value, line, label) {
  const left = { horizontal: "left" };
  const right = { horizontal: "right" };
  const tones = [INK, BLUE, GOLD, RED];
  const semibold = `semibold ${value}px Open Sans`;
  const text = `${line}px Open Sans`;
  return {
    name: new Style({ font: semibold, color: INK, ...left }),
    link: new Style({ font: text, color: MUTED, ...right }),
    label: new Style({ font: `semibold ${label}px Open Sans`, color: MUTED, ...left }),
    glassLabel: new Style({ font: text, color: GLASS_INK, ...left }),
    digits: new Style({ font: `${digits}px Fira Mono`, color: DIGITS, ...right }),
    unit: new Style({ font: text, color: GLASS_INK, ...right }),
    value: new Style({ font: semibold, color: tones, ...left }),
    line: new Style({ font: text, color: tones, ...left }),
    small: new Style({ font: text, color: [MUTED, BLUE, GOLD, RED], ...left }),
  };
}

/**
 * The face as it fits into mcsim's first window, and with more room: px of the case, its margin, the rows
 * (a line of text, a value, a register), the unit beside a register, and the space around a section.
 */
export const SMALL = Object.freeze({
  width: 308,
  height: 388,
  margin: 18,
  row: 17,
  value: 20,
  register: 36,
  unit: 34,
  space: 9,
  styles: stylesOf(22, 14, 12, 10),
});
export const LARGE = Object.freeze({
  width: 480,
  height: 560,
  margin: 32,
  row: 21,
  value: 26,
  register: 60,
  unit: 46,
  space: 16,
  styles: stylesOf(34, 18, 14, 11),
});
