// Shortcuts of the keyboard. A page binds its own beside the common ones; "?" shows all that there are. None fires in a
// field, none with a modifier but shift, and all but "?" can be switched off (WCAG 2.1.4).

const WAIT = 1000; // ms between the keys of "g a"
const bound = new Map();
let before = "";
let forget = 0;

const off = () => localStorage.getItem("keys-off") === "1";

/** Binds keys ("r", "E", "g a") to an act, with the words for the help; `act` gets the event. */
export function bind(keys, says, act) {
  bound.set(keys, {says, act});
}

/** Whether a key is for a field. A dialog that was just closed keeps the focus for a moment: nobody types there. */
function typing(event) {
  const field = event.target.closest?.("input, textarea, select, [contenteditable]");
  return event.ctrlKey || event.metaKey || event.altKey || (field && !field.closest("dialog:not([open])"));
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || typing(event) || event.key.length > 1) return;
  if (document.querySelector("dialog[open]") || (off() && event.key !== "?")) return;
  const keys = before ? before + " " + event.key : event.key;
  const found = bound.get(keys) || bound.get(event.key);
  clearTimeout(forget);
  before = !found && event.key === "g" ? "g" : "";
  if (before) forget = setTimeout(() => (before = ""), WAIT);
  if (!found) return;
  event.preventDefault();
  found.act(event);
});

const rows = () => [...document.querySelectorAll("[data-rows] a.name, [data-step] > summary, #jobs .rows .name, #list .name")].filter((one) => one.offsetParent);

function move(by) {
  const all = rows();
  const here = all.findIndex((one) => one === document.activeElement || one.closest("li")?.contains(document.activeElement));
  const next = all[Math.min(Math.max(here + by, 0), all.length - 1)];
  if (next) next.focus();
}

/** What a page is part of: what it says itself, else the section, the repository, its owner, the start page. */
function above() {
  const said = [...document.querySelectorAll("main [data-up] a, main a[data-up], main .bar > div > .meta a, .jobhead .meta a")];
  const known = [document.querySelector('.side a[href*="/actions/runs/"]'), document.querySelector(".tabs [aria-current]"), ...[...document.querySelectorAll(".path a")].reverse(), document.querySelector(".top .home")];
  return said.at(-1) || known.find((one) => one && new URL(one.href).pathname !== location.pathname);
}

const go = (link) => link && link.click();

bind("?", "Show these shortcuts", help);
bind("g a", "Go to the runs of this repository", () => go(document.querySelector('.tabs a[href$="/actions"]')));
bind("g w", "Go to the list at the side", () => [...document.querySelectorAll(".side a, .side summary")].find((one) => one.offsetParent)?.focus());
bind("/", "Search on this page", () => document.querySelector("input[type=search]")?.focus());
bind("j", "Next row or step", () => move(1));
bind("k", "Previous row or step", () => move(-1));
bind("o", "Open what has the focus", () => document.activeElement !== document.body && go(document.activeElement));
bind("u", "Up one level", () => go(above()));
bind(".", "Menu of the row", () => {
  const summary = document.activeElement.closest("li")?.querySelector(".menu > summary");
  if (!summary) return;
  go(summary);
  summary.parentElement.querySelector("a, button")?.focus();
});

function help() {
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.setAttribute("aria-labelledby", "keys-title");
  const title = dialog.appendChild(document.createElement("h2"));
  title.id = "keys-title";
  title.textContent = "Keyboard shortcuts";
  const list = dialog.appendChild(document.createElement("dl"));
  list.className = "keys";
  for (const [keys, {says}] of bound) {
    const term = list.appendChild(document.createElement("dt"));
    for (const key of keys.split(" ")) term.append(Object.assign(document.createElement("kbd"), {textContent: key}), " ");
    list.appendChild(document.createElement("dd")).textContent = says;
  }
  dialog.append(choice(), closing());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function choice() {
  const label = document.createElement("label");
  label.className = "check";
  const box = Object.assign(document.createElement("input"), {type: "checkbox", checked: !off()});
  box.addEventListener("change", () => localStorage.setItem("keys-off", box.checked ? "0" : "1"));
  label.append(box, "Single keys are shortcuts in this browser");
  return label;
}

function closing() {
  const form = Object.assign(document.createElement("form"), {method: "dialog", className: "buttons end"});
  form.append(Object.assign(document.createElement("button"), {className: "btn primary", textContent: "Close"}));
  return form;
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-keys-help]")) help();
});
