// Relative times that stay true, exact ones in both zones on hover, and durations that tick, up or down.

const offset = Number(document.body.dataset.now || 0) * 1000 - Date.now();
const now = () => Date.now() + (Math.abs(offset) > 2000 ? offset : 0);
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
let words = null; // how the person's own place writes a time: slow to learn, so not before somebody wants to know
const isUtc = document.documentElement.dataset.zone === "utc";

export function duration(seconds) {
  const total = Math.max(0, Math.floor(seconds));
  const two = (value) => String(value).padStart(2, "0");
  if (total < 60) return total + "s";
  if (total < 3600) return Math.floor(total / 60) + "m " + two(total % 60) + "s";
  if (total < 86400) return Math.floor(total / 3600) + "h " + two(Math.floor((total % 3600) / 60)) + "m";
  return Math.floor(total / 86400) + "d " + Math.floor((total % 86400) / 3600) + "h";
}

const day = (date) => date.getDate() + " " + MONTHS[date.getMonth()] + " " + date.getFullYear();

/** The title of a time in both zones, once somebody points at it. */
function name(element) {
  if (!element || element.dataset.zones) return;
  words = words || new Intl.DateTimeFormat(undefined, {dateStyle: "medium", timeStyle: "long"});
  const here = words.format(new Date(element.dateTime));
  element.title = isUtc ? element.title + " (" + here + ")" : here + " (" + element.title + ")";
  element.dataset.zones = "1";
}

/** In words; far away the day, in the zone that the person wants. `text` is what the server wrote: in UTC. */
function relative(then, text) {
  const seconds = (now() - then) / 1000;
  if (seconds < -60) return text;
  if (seconds < 60) return "now";
  if (seconds < 3600) return Math.floor(seconds / 60) + " min ago";
  if (seconds < 86400) return Math.floor(seconds / 3600) + " h ago";
  const days = Math.floor(seconds / 86400);
  if (days >= 30) return isUtc ? text : day(new Date(then));
  return days === 1 ? "yesterday" : days + " days ago";
}

function show(element) {
  const text = relative(Date.parse(element.dateTime), element.textContent);
  if (text !== element.textContent) element.textContent = text;
}

/** Brings every time below an element up to date. */
export function refresh(root = document) {
  for (const element of root.querySelectorAll("time[datetime]")) show(element);
}

function tick() {
  for (const element of document.querySelectorAll("[data-since]")) {
    const text = duration((now() - Date.parse(element.dataset.since)) / 1000);
    if (text !== element.textContent) element.textContent = text;
  }
  for (const element of document.querySelectorAll("[data-until]")) {
    const text = duration((Date.parse(element.dataset.until) - now()) / 1000);
    if (text !== element.textContent) element.textContent = text;
  }
}

document.addEventListener("pointerover", (event) => name(event.target.closest("time[datetime]")));
refresh();
setInterval(refresh, 30000);
setInterval(tick, 1000);
