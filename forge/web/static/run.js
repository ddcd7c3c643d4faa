// The page of a run: questions in a dialog, views without a page load, filters as one types, its own shortcuts.

import {bind} from "./keys.js";
import {refresh as times} from "./time.js";

const say = (text) => (document.getElementById("say").textContent = text);

/** A dialog around an element; closes on every [data-close] and goes away. */
function show(content, name) {
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.setAttribute("aria-label", name);
  dialog.append(content);
  dialog.addEventListener("click", (event) => {
    if (!event.target.closest("[data-close]")) return;
    event.preventDefault();
    dialog.close();
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** The form of another page, here. Where it cannot be had, that page itself. */
async function ask(link) {
  try {
    const answer = await fetch(link.href, {headers: {Accept: "text/html"}});
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const form = answer.ok && page.querySelector("form.ask");
    if (!form) throw new Error("no question");
    form.action = form.getAttribute("action") || link.href;
    form.classList.remove("box");
    show(document.adoptNode(form), form.querySelector("h1, h2").textContent);
  } catch {
    location.href = link.href;
  }
}

/** "Re-run failed jobs?" before a key presses a button. */
function sure(button) {
  const text = button.textContent.trim();
  const form = Object.assign(document.createElement("div"), {className: "ask"});
  form.append(Object.assign(document.createElement("h2"), {textContent: text + "?"}));
  const row = form.appendChild(Object.assign(document.createElement("div"), {className: "buttons end"}));
  const no = Object.assign(document.createElement("button"), {type: "button", className: "btn", textContent: "Back"});
  const yes = Object.assign(document.createElement("button"), {type: "button", className: "btn primary", textContent: text});
  no.dataset.close = yes.dataset.close = "";
  yes.addEventListener("click", () => button.click());
  row.append(no, yes);
  show(form, text + "?");
  yes.focus();
}

function press(key) {
  const button = document.querySelector('#buttons [data-key="' + key + '"]');
  if (button) sure(button);
  else say(key === "r" ? "No job to run again" : "Nothing to cancel");
}

/** Another view in the place of this one; the address tells it, so that live updates bring the same. */
async function view(link) {
  const address = new URL(link.getAttribute("href"), location.href); // links of a drawing have no text as their href
  try {
    const answer = await fetch(address, {headers: {Accept: "text/html"}});
    const next = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("jobs");
    if (!next) throw new Error("no jobs");
    times(next);
    document.getElementById("jobs").replaceWith(document.adoptNode(next));
    history.replaceState(null, "", address.href.split("#")[0]);
    (document.getElementById(link.id) || document.querySelector('[data-view="' + link.dataset.view + '"]')).focus();
    say(link.getAttribute("aria-label") || link.textContent);
  } catch {
    location.href = address;
  }
}

function filter(input) {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const row of document.querySelectorAll("#" + input.dataset.filters + " > li")) {
    const text = row.textContent.toLowerCase() + " " + (row.querySelector("svg")?.getAttribute("aria-label") || "").toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
  }
}

const filters = () => document.querySelectorAll("[data-filters]");

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-filters]")) filter(event.target);
});

// What live updates bring is filtered as what was there.
new MutationObserver(() => {
  for (const input of filters()) if (input.value) filter(input);
}).observe(document.body, {childList: true, subtree: true});

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented) return;
  const link = event.target.closest("a[data-ask], a[data-view], [data-copy-link]");
  if (!link) return;
  event.preventDefault();
  if (link.dataset.ask !== undefined) ask(link);
  else if (link.dataset.view) view(link);
  else copy(link);
});

async function copy(button) {
  const address = location.href.split("#")[0];
  try {
    await navigator.clipboard.writeText(address);
    say("Copied " + address);
    button.lastChild.textContent = "Copied";
  } catch {
    window.prompt("Copy this address", address);
  }
}

bind("r", "Re-run failed jobs", () => press("r"));
bind("x", "Cancel the run", () => press("x"));
bind("n", "First failure", () => {
  const link = document.querySelector("#failure header a");
  if (!link) return say("Nothing failed");
  link.scrollIntoView({block: "center"});
  link.focus();
});
for (const [key, name] of [["1", "graph"], ["2", "timeline"], ["3", "list"]]) {
  bind(key, "Jobs as " + name, () => document.querySelector('[data-view="' + name + '"]')?.click());
}
