// SPDX-License-Identifier: Apache-2.0
/**
 * Clear-sky irradiance on a horizontal plane from solar geometry. Angles in degrees outside,
 * radians inside. The result is quantised to whole W/m², so that energy made from it is integer
 * arithmetic.
 */

const RADIANS = Math.PI / 180;

export interface Site {
  /** Degrees, north positive. */
  latitude: number;
  /** Degrees, east positive. */
  longitude: number;
  /** Hours that the local standard clock is ahead of UTC. */
  zoneHours: number;
}

/** Day of the year (1 … 366) of a clock time in ms. */
export function dayOfYear(clockMs: number): number {
  const date = new Date(clockMs);
  return Math.floor((clockMs - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000) + 1;
}

/**
 * δ = 23.45° · sin(360° · (284 + n) / 365), in degrees. P. I. Cooper, Solar Energy 12 (1969)
 * 333–346.
 */
export function declinationDegrees(day: number): number {
  return 23.45 * Math.sin(((360 * (284 + day)) / 365) * RADIANS);
}

/**
 * Equation of time in minutes: J. W. Spencer, Search 2 (1971) 172, as J. A. Duffie and W. A.
 * Beckman give it.
 */
export function equationOfTimeMinutes(day: number): number {
  const b = ((360 * (day - 1)) / 365) * RADIANS;
  return (
    229.2 *
    (0.000075 +
      0.001868 * Math.cos(b) -
      0.032077 * Math.sin(b) -
      0.014615 * Math.cos(2 * b) -
      0.04089 * Math.sin(2 * b))
  );
}

/**
 * sin h = sin φ sin δ + cos φ cos δ cos ω, with the hour angle ω = 15° · (solar time − 12 h).
 * @param clockMinutes local standard time of the day, in minutes
 * @returns the sine of the sun's elevation, −1 … 1; negative at night
 */
export function sineOfElevation(site: Site, day: number, clockMinutes: number): number {
  const longitudeMinutes = 4 * (site.longitude - 15 * site.zoneHours);
  const solarMinutes = clockMinutes + longitudeMinutes + equationOfTimeMinutes(day);
  const hourAngle = 0.25 * (solarMinutes - 720) * RADIANS;
  const declination = declinationDegrees(day) * RADIANS;
  const latitude = site.latitude * RADIANS;
  return (
    Math.sin(latitude) * Math.sin(declination) +
    Math.cos(latitude) * Math.cos(declination) * Math.cos(hourAngle)
  );
}

/**
 * GHI = 1098 · sin h · exp(−0.057 / sin h) in W/m². B. Haurwitz, J. Meteorology 2 (1945) 154–166.
 * @returns whole W/m²; 0 when the sun is down
 */
export function clearSkyWattsPerM2(site: Site, day: number, clockMinutes: number): number {
  const sine = sineOfElevation(site, day, clockMinutes);
  if (sine <= 0) return 0;
  return Math.round(1098 * sine * Math.exp(-0.057 / sine));
}
