// SPDX-License-Identifier: Apache-2.0
/** Which URLs a change of the gateways may have: none that a machine cannot connect to. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isBrokerUrl } from "#core/consensus/broker-url";

const FIT = [
  ...["mqtt://gw", "mqtts://gw.example:8883", "wss://gw.example/mqtt?x=1", "ws://a_b-c.d:80/"],
  ...["tcp://192.168.1.5:1", "ssl://10.0.0.255:65535", "mqtt://[::1]:1883", "mqtts://[fe80::1:2]"],
  ...["mqtt://[1:2:3:4:5:6:7:8]", "mqtt://4you.example", "mqtt://1.2.3.4.example"],
];
const UNFIT = [
  ...["", "gw:1883", "http://gw", "mqtt:gw", "MQTT://gw", "mqtt://", "mqtt://:1883", "mqtt:///x"],
  ...["mqtt://gw:0", "mqtt://gw:65536", "mqtt://gw:99999", "mqtt://gw:-1", "mqtt://gw:port"],
  ...["mqtt://gw:", "mqtt://gw:1883:1883", "mqtt://gw:123456", "wss://ho^st:1", "mqtt://%zz:1"],
  ...[
    "mqtt://user:secret@gw",
    "mqtt://user@gw",
    "mqtt://gw and more",
    "mqtt://gw\0:1",
    "mqtt://gü",
  ],
  ...[
    "mqtt://gw?x=1",
    "mqtt://gw#a",
    "mqtt://gw/#a",
    "mqtt://gw/a b",
    "mqtt://gw\n",
    "mqtt://gw\\x",
  ],
  ...[
    "mqtt://a..b",
    "mqtt://a.",
    "mqtt://.a",
    "ws://1.2.3.999",
    "ws://1.2.3",
    "ws://a.1",
    "ws://a.0x1",
  ],
  ...[
    "mqtt://01.2.3.4",
    "mqtt://1234",
    "mqtt://[::zz]:1883",
    "mqtt://[::1",
    "mqtt://::1",
    "mqtt://[]",
  ],
  ...["mqtt://[1:2:3]", "mqtt://[1::2::3]", "mqtt://[1:2:3:4:5:6:7:8:9]", "mqtt://[:1::2]"],
  ...["mqtt://[::12345]", "mqtt://[1:2:3:4:5:6:7::8]:1"],
];

test("a change's URL has a scheme, a host and a port that every gateway can look for", () => {
  for (const url of FIT) assert.equal(isBrokerUrl(url), true, url);
  for (const url of UNFIT) assert.equal(isBrokerUrl(url), false, url);
});

test("what passes this machine takes for a URL of the same host", () => {
  const part = fc.constantFrom(
    ...[
      "ws",
      "mqtt",
      "://",
      ":",
      ".",
      "/",
      "[",
      "]",
      "::",
      "@",
      "#",
      "?",
      "%",
      "^",
      " ",
      "0x",
      "-",
    ],
    ...["a", "ff", "xy", "0", "1", "255", "256", "1883", "65535", "65536", "_", "\\", "\0"],
  );
  const url = fc.array(part, { maxLength: 10 }).map((parts) => `ws://${parts.join("")}`);
  fc.assert(
    fc.property(
      fc.oneof(
        url,
        fc.array(part).map((parts) => parts.join("")),
      ),
      (text) => {
        if (isBrokerUrl(text)) assert.ok(URL.canParse(text) && !new URL(text).username, text);
      },
    ),
    { numRuns: 2000 },
  );
});
