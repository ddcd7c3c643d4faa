// How logs are shown, chosen in the menu of a job's page: kept in this browser, and for who is logged in by the server,
// whose word goes first.

const KEY = "log-options";
const SCHEME = {
  times: ["off", "time", "since"], zone: ["site", "utc", "local"], size: ["normal", "small", "large"],
  wrap: ["off", "on"], follow: ["on", "off"], commands: ["on", "off"],
};
const form = document.getElementById("options");

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
  const kept = {...stored(), ...JSON.parse(form.dataset.chosen || "{}"), ...asked};
  for (const [name, values] of Object.entries(SCHEME)) options[name] = values.includes(kept[name]) ? kept[name] : values[0];
}

function choose(name, value) {
  options[name] = value;
  try {
    localStorage.setItem(KEY, JSON.stringify(options));
  } catch { // a browser that keeps nothing: it holds for this page
  }
  if (form.dataset.chosen) save();
}

/** The server keeps it too. What it could not keep holds in this browser, and is said. */
async function save() {
  const answer = await fetch(form.action, {method: "POST", body: new FormData(form), redirect: "manual"}).catch(() => null);
  if (answer?.type !== "opaqueredirect") document.getElementById("say").textContent = "Kept in this browser only: the server did not take it";
}

const two = (value) => String(value).padStart(2, "0");

/** A line's time as chosen; empty for a line that has none. */
export function time(when, started) {
  if (!when) return "";
  if (options.times === "since") return since(Math.max(0, when - (started || when)));
  const moment = new Date(when);
  const zone = options.zone === "site" ? document.documentElement.dataset.zone : options.zone;
  if (zone !== "local") return moment.toISOString().slice(11, 19);
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
export function menu(changed) {
  form.addEventListener("submit", (event) => event.preventDefault()); // Enter in a field: what was chosen is kept already
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
