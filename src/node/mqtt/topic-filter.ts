// SPDX-License-Identifier: Apache-2.0
/** MQTT topics and filters (MQTT 3.1.1 section 4.7). */

/** Whether it can be published to: to others a publish ends the connection [MQTT-3.3.2-2]. */
export function isTopic(topic: string): boolean {
  return topic.length > 0 && !/[#+\0]/.test(topic);
}

/** Whether `topic` matches `filter`; + stands for one level, a last # for any number from none. */
export function topicMatches(filter: string, topic: string): boolean {
  const filterLevels = filter.split("/");
  const levels = topic.split("/");
  // [MQTT-4.7.2-1]: wildcards in the first level do not match $SYS and the like.
  if (topic.startsWith("$") && (filterLevels[0] === "+" || filterLevels[0] === "#")) return false;
  for (let i = 0; i < filterLevels.length; i++) {
    if (filterLevels[i] === "#") return i === filterLevels.length - 1;
    if (i >= levels.length) return false;
    if (filterLevels[i] !== "+" && filterLevels[i] !== levels[i]) return false;
  }
  return filterLevels.length === levels.length;
}
