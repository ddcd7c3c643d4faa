// The log of a job: however long, only what is on the screen stands in the page. Lines come in pages of a
// thousand, drawn in clusters whose heights are guessed, then measured.

import {Viewer} from "./viewer.js";

const steps = document.querySelector("[data-steps]");
const follow = document.getElementById("follow");
const times = document.getElementById("times");
const viewers = new Map();
const closed = new Set(); // steps that the person closed are never opened for them again
let showTimes = times.hasAttribute("aria-current") || localStorage.getItem("log-times") === "1";
let opening = false;

function viewer(details) {
  const number = Number(details.dataset.step);
  if (!viewers.has(number)) {
    const made = new Viewer(details, document.body.dataset.lines, showTimes);
    made.onfollow = shown;
    viewers.set(number, made);
  }
  return viewers.get(number);
}

function shown() {
  const running = [...viewers.values()].find((one) => one.growing);
  follow.hidden = !running;
  if (running) follow.setAttribute("aria-pressed", String(running.following));
}

function setTimes() {
  for (const one of viewers.values()) one.setTimes(showTimes);
  times.toggleAttribute("aria-current", false);
  if (showTimes) times.setAttribute("aria-current", "true");
}

/** Opens a step without taking it for the person's own wish. */
function open(details) {
  opening = true;
  details.open = true;
  return viewer(details).start();
}

async function goToHash() {
  const found = /^#s(\d+)(?:-L(\d+)(?:-L(\d+))?)?$/.exec(location.hash);
  const details = found && document.getElementById("s" + found[1]);
  if (!details || !details.matches("details")) return false;
  await open(details);
  if (found[2]) await viewer(details).goTo(Number(found[2]), Number(found[3] || found[2]));
  return true;
}

function running() {
  shown();
  const now = steps.querySelector('[data-step][data-status="in_progress"]:not([data-held])');
  if (!now || now.open || closed.has(now.dataset.step)) return;
  const others = [...viewers.values()];
  if (!others.length || others.some((one) => one.following)) open(now);
}

steps.addEventListener("toggle", (event) => {
  const details = event.target;
  if (!details.matches("[data-step]")) return;
  if (details.open) viewer(details).start();
  else if (!opening) closed.add(details.dataset.step);
  opening = false;
}, true);

document.addEventListener("forge:lines", ({detail}) => {
  const one = viewers.get(detail.step);
  if (one) one.append(detail.from, detail.lines);
});
document.addEventListener("forge:resync", () => viewers.forEach((one) => one.resync()));
document.addEventListener("forge:steps", () => {
  viewers.forEach((one) => one.update());
  running();
});
document.addEventListener("forge:end", () => viewers.forEach((one) => one.resync()));

follow.addEventListener("click", () => {
  for (const one of viewers.values()) if (one.growing) one.setFollow(!one.following);
  shown();
});

times.addEventListener("click", (event) => {
  event.preventDefault();
  showTimes = !showTimes;
  localStorage.setItem("log-times", showTimes ? "1" : "0");
  setTimes();
});

window.addEventListener("hashchange", goToHash);
document.documentElement.classList.add("js");
setTimes();
if (!(await goToHash())) {
  const first = steps.querySelector("[data-step][open]");
  if (first) await open(first);
}
shown();
