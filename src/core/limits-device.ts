// SPDX-License-Identifier: Apache-2.0
/** Bounds of what only a device has: chips, clocks, links, buttons. All others are in limits.ts. */

/** Bytes of one command on a device's serial console: a broker's name, a key and all short settings. */
export const CONSOLE_LINE_BYTES_MAX = 512;
/** Words of one command on the console: two for each setting, and slack. */
export const CONSOLE_WORDS_MAX = 48;
/** Networks reported from one scan: what a person looks through. */
export const SCAN_NETWORKS_MAX = 20;
/** Longest search for networks, ms: thirteen channels at half a second each, and slack. */
export const WIFI_SCAN_MS = 10_000;
/** Longest attempt to join a network, ms: Improv's own clients give up after 30 s. */
export const WIFI_TRY_MS = 25_000;
/** Silence after which an unfinished Improv packet is given up, ms: the longest takes 276 ms at 9600 baud. */
export const IMPROV_GAP_MS = 1000;
/** Counters of one metering chip: three phases, each way, fundamental and total apart. */
export const COUNTERS_MAX = 12;
/**
 * Power that a counter may show, in rated powers of the connection: fuses carry one and a half for an hour,
 * and a bound that refuses energy must not be near. The gateway allows a tenth above the rating in a slot.
 */
export const POWER_MARGIN = 2;
/** Added to the time of every step, ms: chips hand out their counts in lumps, telegrams come every 10 s. */
export const STEP_SLACK_MS = 15_000;
/** Time away for which a chip's own count is believed, ms: a month is longer than a repair takes. */
export const OFF_COUNT_MAX_MS = 2_678_400_000;
/**
 * Time away in which a counter may have wrapped, ms: what flows between two writes of the registers and a
 * slow restart. A wrap that needs longer was a reset.
 */
export const OFF_WRAP_MAX_MS = 3_600_000;
/**
 * Time between two samples within which the direction of a counter for both ways is believed, ms: what it
 * did in a longer one nobody saw, and counts as import.
 */
export const DIRECTION_MAX_MS = 60_000;
/** Energy after which registers are stored, mWh: what a counter that does not outlive the node may lose. */
export const SAVE_QUANTUM_MWH = 10_000n;
/** Least time between two writes of registers, ms: at full power a year is then a million writes. */
export const SAVE_MIN_MS = 30_000;
/** Longest time that changed registers are not written, ms: a standby load loses a quarter-hour at most. */
export const SAVE_MAX_MS = 900_000;
/**
 * Events that a node says at once: two registers, each with what a replaced chip brings about, and as many
 * again. Then one for each reading, so that with the order they are a third of what a node says at most;
 * others are counted in the next event.
 */
export const EVENTS_BURST = 8;
/** Samples in a row that a chip owes before that is an event: a minute of polls. */
export const SILENT_POLLS = 60;
/**
 * Drift of a node's clock that error bounds assume, ppm: a crystal of 10 ppm, 20 more over temperature,
 * and its ageing over ten years. It is 4.3 s in a day.
 */
export const TIME_DRIFT_PPM = 50;
/**
 * Largest error of a time that is `synced`, ms: at 5 kW it puts less than 3 Wh into the wrong slot. From
 * an answer of 0.5 s it lasts 8 hours without a source.
 */
export const TIME_SYNCED_MAX_MS = 2_000;
/**
 * Largest error of a time in `holdover`, ms: Δ of the default settings, beyond which a node's boundaries
 * are not those of the others. By drift alone it is reached after a week.
 */
export const TIME_HOLDOVER_MAX_MS = 30_000;
/** A correction beyond this is a step and needs two sources, ms; the rest is slewed, within 67 minutes. */
export const TIME_STEP_MS = 2_000;
/** How fast a difference is slewed, ppm: ten times the drift, as NTP clients do. */
export const TIME_SLEW_PPM = 500;
/** UTC before this (2025-01-01) is no time, ms: there was no such firmware; a router at boot says 1970. */
export const TIME_EARLIEST_MS = 1_735_689_600_000;
/** Pause between two answers of a time server, ms: the drift of an hour is a tenth of `synced`. */
export const SNTP_POLL_MS = 3_600_000;
/** First pause after an unanswered time request, ms: RFC 4330 section 10 forbids less than 15 s. */
export const SNTP_RETRY_MS = 15_000;
/** A thousand meters whose power comes back ask for the time within this, ms, and not at once. */
export const SNTP_FIRST_MS = 10_000;
/** A time request without an answer by then has failed, ms: three tries of the SDK's client and a look-up. */
export const SNTP_TIMEOUT_MS = 20_000;
/** Downloads of one release that ended in a wrong image: twice may be the flash, the third is the source. */
export const UPDATE_TRIES_MAX = 3;
/** Trials of one release that ended with a reset: a power cut may come twice, a crash comes always. */
export const UPDATE_TRIALS_MAX = 3;
/** Messages that wait in a node for the broker: two windows of its outbox. What is beyond is repeated. */
export const LINK_QUEUE_MAX = 128;
/** Bytes of those: sixty readings. They are copies of what the outbox holds, in a heap of 100 KB. */
export const LINK_QUEUE_BYTES_MAX = 16 * 1024;
/** Publishes without PUBACK: enough for a broker far away, and few enough to notice one that is stuck. */
export const LINK_UNACKED_MAX = 16;
/** Without a PUBACK, or with nothing written, for this long the connection is dead, ms. */
export const LINK_ACK_MS = 30_000;
/** From the first look-up to the last SUBACK, ms: the SDK gives TCP alone 30 s. */
export const LINK_CONNECT_MS = 45_000;
/** MQTT keep-alive, ms: the broker tells the others after 90 s that a node is gone. */
export const LINK_KEEP_ALIVE_MS = 60_000;
/** What the client's own detection at 1.5 keep-alives is given before the session gives up too, ms. */
export const LINK_SILENCE_SLACK_MS = 5_000;
/** First ceiling of the pause before a connection, ms: 1000 meters make 200 connections a second. */
export const LINK_BACKOFF_FIRST_MS = 5_000;
/** Longest pause before a connection, ms: what people wait for a meter to come back. */
export const LINK_BACKOFF_MAX_MS = 300_000;
/** Without its gateway for so long a node goes to the next one, ms: longer than a gateway's restart. */
export const ROAM_AWAY_MS = 300_000;
/** And up to so much longer, ms: a thousand meters that lose one gateway do not come to another at once. */
export const ROAM_AWAY_JITTER_MS = 120_000;
/** At another gateway for so long a node tries its own again, ms: where that is gone it costs minutes. */
export const ROAM_BACK_MS = 21_600_000;
/** And up to so much longer, ms, for the same reason. */
export const ROAM_BACK_JITTER_MS = 3_600_000;
/**
 * A node that finds its gateway false is there for so long at least before it goes on, ms: where all lie, it
 * starts anew this often. After each such move the time doubles, up to ROAM_FLIGHTS_MAX times: then it is 80
 * minutes, and 18 writes of the settings a day.
 */
export const ROAM_FLEE_MS = 300_000;
/** Doublings of that time, for the same reason. */
export const ROAM_FLIGHTS_MAX = 4;
/** Gateways' keys beside those of places: what fits a console's line of 512 bytes. With places eleven in all. */
export const FURTHER_KEYS_MAX = 7;
/** A connection that lasted this long was a good one, ms; two nodes of one id throw each other out sooner. */
export const LINK_STABLE_MS = 300_000;
/** How long a clean end waits for its acknowledgement, and then for the broker to close, ms. */
export const LINK_END_MS = 2_000;
/** The birth is said again after this, ms: the last will of the connection before may come after it. */
export const LINK_REBIRTH_MS = 2_000;
/** Certificates that a broker shows: its own, its authority's, and two between. */
export const TLS_CHAIN_MAX = 4;
/**
 * Bytes in a TLS record, which the broker is asked to keep to (RFC 6066 section 4) and the node keeps to: a
 * node holds one decrypted record, and its certificates have to come in one.
 */
export const TLS_FRAGMENT_BYTES = 4096;
/** How long the broker waits for the time of day, ms: without internet only the gateway brings it. */
export const NETWORK_TIME_WAIT_MS = 60_000;
/** How often a meter's clock is heard, ms: as often as a time server, though telegrams say it each second. */
export const METER_TIME_MS = 3_600_000;
/** How often a device takes its chip's newest sample, ms: chips and telegrams are renewed once a second. */
export const METER_POLL_MS = 1000;
/** How often the watchdog is fed while all goes on, ms: several times within any hardware's timeout. */
export const WATCHDOG_FEED_MS = 5_000;
/** A node asks its chip every second; not for so long is a hang, whatever the chip answers, ms. */
export const WATCHDOG_SAMPLING_MS = 60_000;
/** Changed registers are stored within SAVE_MAX_MS; not in twice that is a hang, ms. */
export const WATCHDOG_STORAGE_MS = 1_800_000;
/** A link hears pings each minute, or tries again within LINK_BACKOFF_MAX_MS; three times that, ms. */
export const WATCHDOG_LINK_MS = 900_000;
/** A start that went on for so long was a good one, ms: longer than what is found right after a start. */
export const BOOT_GOOD_MS = 600_000;
/** Failed starts in a row after which a node only meters: one is chance, and two may be one cause. */
export const BOOT_FAILURES_MAX = 3;
/** How long a node only meters before it tries everything again, ms: one crash a day costs no reading. */
export const BOOT_RETRY_MS = 86_400_000;
/** How often a button is looked at while something happens there, ms: seldom enough to cost nothing. */
export const BUTTON_SAMPLE_MS = 50;
/** A contact that has not changed for this long does not bounce any more, ms: five times the worst switch. */
export const BUTTON_DEBOUNCE_MS = 100;
/** A press that lasts this long is meant, ms: the lamp begins to flash, so that it can be let go in time. */
export const BUTTON_HELD_MS = 3_000;
/** A button is held for this long before it forgets the settings, ms: nobody leans on it for so long. */
export const BUTTON_RESET_MS = 10_000;
/** Whoever holds a button lets go by then; longer is a switch that sticks or a line that is shorted, ms. */
export const BUTTON_STUCK_MS = 60_000;
/** Time between two looks in which a button may have been let go and pressed again, ms. */
export const BUTTON_UNSEEN_MS = 1_000;
