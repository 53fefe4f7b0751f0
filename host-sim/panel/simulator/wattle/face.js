// SPDX-License-Identifier: Apache-2.0
/** The meter's face: a case with two registers behind glass, and what the node does below them. */
import { DeviceScreen } from "DevicePane";
import * as format from "./format.js";
import { LARGE, Lamp, SMALL, skins, Tone } from "./theme.js";

/** A text that follows the state: `text(state)`, coloured by `tone(state)`. Blank without a state. */
class FollowBehavior extends Behavior {
  onCreate(_label, { text, tone }) {
    this.text = text;
    this.tone = tone;
  }
  onFace(label, state) {
    label.string = state ? this.text(state) : "";
    if (this.tone) label.state = state ? this.tone(state) : Tone.plain;
  }
}

/** The line for alarms also says what the meter refused, until its next state. */
class AlarmBehavior extends FollowBehavior {
  onError(label, error) {
    label.string = format.error(error);
    label.state = Tone.alarm;
  }
}

class LampBehavior extends Behavior {
  onFace(lamp, state) {
    if (!state || state.link === "offline") lamp.state = Lamp.off;
    else if (format.alarmLine(state) !== "") lamp.state = Lamp.alarm;
    else lamp.state = state.link === "online" ? Lamp.online : Lamp.joining;
  }
}

function toneOfRole({ role }) {
  return role === "buyer" ? Tone.buyer : role === "seller" ? Tone.seller : Tone.plain;
}

function toneOfAlarm(state) {
  return format.alarmLine(state) === "" ? Tone.plain : Tone.alarm;
}

function follow(style, place, text, tone, Following = FollowBehavior) {
  return new Label({ text, tone }, { ...place, style, Behavior: Following });
}

function fixed(style, place, string) {
  return new Label(null, { ...place, style, string });
}

/** Lines below each other. Each is [style, height, text, …] as `follow` has it, or with a string that stays. */
function lines(place, ...rows) {
  const contents = rows.map(([style, height, text, ...more]) => {
    const line = { left: 0, right: 0, height };
    return typeof text === "string" ? fixed(style, line, text) : follow(style, line, text, ...more);
  });
  return new Column(null, { top: 0, ...place, contents });
}

function section(size, ...contents) {
  const { margin: left, space } = size;
  return new Container(null, { left, right: left, top: space, bottom: space, contents });
}

function hairline({ margin }) {
  return new Content(null, { left: margin, right: margin, height: 1, skin: skins.hairline });
}

function heading(size) {
  const { styles } = size;
  const height = size.value;
  const lamp = { right: 1, width: 10, height: 10, radius: 5, border: 0, state: Lamp.off };
  return section(
    size,
    follow(styles.name, { left: 0, right: 100, height }, format.name),
    follow(styles.link, { right: 19, width: 100, height }, ({ link }) => link),
    new RoundContent(null, { ...lamp, skin: skins.lamp, Behavior: LampBehavior }),
  );
}

/** One register: what it counts, kWh, and the unit. */
function register(size, label, text) {
  const { styles, space } = size;
  return new Container(null, {
    left: 0,
    right: 0,
    height: size.register,
    contents: [
      fixed(styles.glassLabel, { left: space, width: 90, height: size.row }, label),
      follow(styles.digits, { right: space + size.unit, left: 80, height: size.register }, text),
      fixed(styles.unit, { right: space, width: size.unit, height: size.row }, "kWh"),
    ],
  });
}

function glass(size) {
  const { margin, space } = size;
  const line = { left: space, right: space, height: 1, skin: skins.glassLine };
  const registers = new Column(null, {
    left: 0,
    right: 0,
    contents: [
      register(size, "Import", ({ importKwh }) => format.register(importKwh)),
      new Content(null, line),
      register(size, "Export", ({ exportKwh }) => format.register(exportKwh)),
    ],
  });
  const pane = { left: 0, right: 0, top: 0, bottom: 0, radius: 8, border: 1, skin: skins.glass };
  const contents = [new RoundContent(null, pane), registers];
  return new Container(null, { left: margin, right: margin, contents });
}

/** Where the columns begin, hundredths of the width: the middle one holds the longest words. */
const COLUMNS = [0, 33, 68];

function columnLeft({ width, margin }, column) {
  return Math.floor(((width - 2 * margin) * COLUMNS[column]) / 100);
}

/** A labelled value with a small line below, in one of three columns. */
function cell(size, column, label, value, below, tone) {
  const { styles, row } = size;
  return lines(
    { left: columnLeft(size, column), right: 0 },
    [styles.label, row, label],
    [styles.value, size.value, value, tone],
    [styles.small, row, below],
  );
}

function figures(size) {
  return section(
    size,
    cell(size, 0, "ROLE", format.role, format.slotNet, toneOfRole),
    cell(size, 1, "POWER", format.powerNow, format.powerParts),
    cell(size, 2, "COINS", format.free, format.locked),
  );
}

function trade(size) {
  const { styles, row } = size;
  const wide = { left: 0, right: 0 };
  return section(
    size,
    lines(
      wide,
      [styles.label, row, "LAST TRADE"],
      [styles.line, row, (state) => format.tradeLines(state.trade)[0]],
      [styles.small, row, (state) => format.tradeLines(state.trade)[1]],
    ),
  );
}

function time(size) {
  const { styles, row } = size;
  return section(
    size,
    cell(size, 0, "SLOT", format.slot, () => ""),
    lines(
      { left: columnLeft(size, 1), right: 0 },
      [styles.label, row, "PROTOCOL TIME"],
      [styles.line, size.value, (state) => format.clock(state.timeMs)],
      [styles.small, row, format.pace],
    ),
  );
}

function bottom(size) {
  const { styles, row } = size;
  const wide = { left: 0, right: 0 };
  const alarm = (state) => format.alarmLine(state) || "No alarms";
  return section(
    size,
    lines(
      wide,
      [styles.line, row, alarm, toneOfAlarm, AlarmBehavior],
      [styles.small, row, format.footer],
    ),
  );
}

function face(size) {
  const { width, height } = size;
  const stack = [
    heading(size),
    glass(size),
    figures(size),
    hairline(size),
    trade(size),
    hairline(size),
    time(size),
    hairline(size),
    bottom(size),
  ];
  const edge = { left: 0, right: 0, top: 0, bottom: 0, radius: 16, border: 1, skin: skins.case };
  return new Container(null, {
    width,
    height,
    contents: [
      new RoundContent(null, edge),
      new Column(null, { left: 0, right: 0, contents: stack }),
    ],
  });
}

/** Shows the large face where there is room for it, also when the window or its divider moves. */
class RoomBehavior extends Behavior {
  onAdapt(layout) {
    layout.defer("onRoom"); // asking for its width here would begin another layout within this one
  }
  onRoom(layout) {
    const roomy = layout.width >= LARGE.width && layout.height >= LARGE.height;
    layout.first.visible = !roomy;
    layout.last.visible = roomy;
  }
}

/** All of the device's area. The screen is the machine's; it has nothing to show on it. */
export const Face = Container.template(($) => ({
  left: 0,
  right: 0,
  top: 0,
  bottom: 0,
  contents: [
    new Layout(null, {
      left: 0,
      right: 0,
      top: 0,
      bottom: 0,
      Behavior: RoomBehavior,
      contents: [face(SMALL), face(LARGE)],
    }),
    DeviceScreen($, { left: 0, width: 0, top: 0, height: 0, rotation: 0 }),
  ],
}));
