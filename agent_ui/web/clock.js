// Times as people read them, and one signal that ticks for all of them.
import { signal } from "/vendor/ui.js";

export const tick = signal(0);
setInterval(() => {
  tick.value += 1;
}, 1000);

/** @param {number} seconds */
export function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const rest = `${two(Math.floor((whole % 3600) / 60))}:${two(whole % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}

/**
 * Seconds since a moment, by the server's clock; ticks.
 * @param {string | undefined} since @param {import("/web/live.js").Live} live
 */
export function age(since, live) {
  tick.value; // read it, so that whoever shows an age is drawn again each second
  return since ? (live.now() - Date.parse(since)) / 1000 : 0;
}

/** The hotline's time, wherever the browser thinks it is. */
export const CHINA = "Asia/Shanghai";
const WRITTEN = new Intl.DateTimeFormat("zh-CN", {
  timeZone: CHINA, month: "long", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false,
});

/** @param {string | undefined} iso */
export function day(iso) {
  return iso ? WRITTEN.format(new Date(iso)) : "";
}
