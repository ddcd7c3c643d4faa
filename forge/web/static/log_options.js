// How logs are shown: kept in this browser, chosen in the menu of a job's page.

const KEY = "log-options";
const SCHEME = {times: ["off", "time", "since"], zone: ["utc", "local"], size: ["normal", "small", "large"], wrap: ["off", "on"], commands: ["on", "off"]};

const stored = () => {
  try {
    return JSON.parse(localStorage.getItem(KEY)) || {};
  } catch {
    return {};
  }
};

/** What is chosen now; the first of each is the default. */
export const options = {};

/** Reads what was chosen; `asked` goes before it. */
export function read(asked = {}) {
  const kept = {...stored(), ...asked};
  for (const [name, values] of Object.entries(SCHEME)) options[name] = values.includes(kept[name]) ? kept[name] : values[0];
}

function choose(name, value) {
  options[name] = value;
  localStorage.setItem(KEY, JSON.stringify(options));
}

const two = (value) => String(value).padStart(2, "0");

/** A line's time as chosen; empty for a line that has none. */
export function time(when, started) {
  if (!when) return "";
  if (options.times === "since") return since(Math.max(0, when - (started || when)));
  const moment = new Date(when);
  if (options.zone !== "local") return moment.toISOString().slice(11, 19);
  return [moment.getHours(), moment.getMinutes(), moment.getSeconds()].map(two).join(":");
}

function since(milliseconds) {
  const tenths = Math.floor(milliseconds / 100);
  const minutes = Math.floor(tenths / 600);
  const seconds = `${Math.floor((tenths % 600) / 10)}.${tenths % 10}s`;
  return minutes ? `${minutes}m ${seconds.padStart(5, "0")}` : seconds;
}

/** Classes of a box that shows a log. */
export function dress(box) {
  box.classList.toggle("times", options.times !== "off");
  box.classList.toggle("wrap", options.wrap === "on");
  box.classList.toggle("no-cmd", options.commands === "off");
  box.classList.toggle("f-small", options.size === "small");
  box.classList.toggle("f-large", options.size === "large");
}

/** Ties the menu's fields to what is chosen. */
export function menu(form, changed) {
  for (const field of form.querySelectorAll("input")) {
    if (!(field.name in SCHEME)) continue;
    const value = () => (field.type === "checkbox" ? (field.checked ? "on" : "off") : field.value);
    if (field.type === "checkbox") field.checked = options[field.name] === "on";
    else field.checked = options[field.name] === field.value;
    field.addEventListener("change", () => {
      choose(field.name, value());
      changed();
    });
  }
}
