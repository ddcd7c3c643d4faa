// Terminal output to text nodes: colours become classes, every other control sequence goes.
// The same rules as forge/web/ansi.py; both are held to one table of cases.

const CONTROL = new RegExp(
  "(?:\\x1b\\[|\\x9b)([0-?]*)[ -/]*([@-~])" +
  "|(?:\\x1b\\]|\\x9d)[^\\x07\\x1b\\x9c]*(?:\\x07|\\x1b\\\\|\\x9c|$)" +
  "|(?:\\x1b[PX^_]|[\\x90\\x98\\x9e\\x9f])[^\\x1b\\x9c]*(?:\\x1b\\\\|\\x9c|$)" +
  "|\\x1b[ -/]*[0-~]?" +
  "|[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029]", "g");
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const URLS = /https?:\/\/[^\s<>"'\x60\\^{|}]+/g;
const PLACES = /(?<![\w/.:@+-])(?:\.\/)?([\w.@+-]+(?:\/[\w.@+-]+)*\.\w{1,10}):(\d{1,7})(?!\w)/g;
const MAX_SEGMENTS = 64;
const LEVELS = [0, 95, 135, 175, 215, 255];
const BASE = ("000000 cd0000 00cd00 cdcd00 1e6fd0 cd00cd 00cdcd e5e5e5 7f7f7f ff0000 00ff00 ffff00 5c8cff ff00ff 00ffff " +
  "ffffff").split(" ").map((hex) => [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)));

export const PLAIN = Object.freeze({});
const ON = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse", 9: "strike"};
const OFF = {23: "italic", 24: "underline", 27: "inverse", 29: "strike", 39: "foreground", 49: "background"};
const SIMPLE = [[30, "foreground", 0], [90, "foreground", 8], [40, "background", 0], [100, "background", 8]];

function colour(number) {
  if (number < 16) return BASE[number];
  if (number < 232) {
    const rest = number - 16;
    return [LEVELS[Math.floor(rest / 36)], LEVELS[Math.floor(rest / 6) % 6], LEVELS[rest % 6]];
  }
  const grey = 8 + 10 * (number - 232);
  return [grey, grey, grey];
}

function luminance(rgb) {
  const [red, green, blue] = rgb.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function readable(front, back) {
  const [low, high] = [luminance(colour(front)), luminance(colour(back))].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05) >= 3;
}

function nearest(parts) {
  const [red, green, blue] = parts.map((part) => {
    let best = 0;
    LEVELS.forEach((level, at) => {
      if (Math.abs(level - part) < Math.abs(LEVELS[best] - part)) best = at;
    });
    return best;
  });
  return 16 + 36 * red + 6 * green + blue;
}

function extended(style, name, codes) {
  const kind = codes.shift();
  if (kind === 5 && codes.length) {
    const number = codes.shift();
    return number < 256 ? {...style, [name]: number} : style;
  }
  if (kind === 2 && codes.length >= 3) {
    const parts = codes.splice(0, 3);
    return Math.max(...parts) < 256 ? {...style, [name]: nearest(parts)} : style;
  }
  codes.length = 0;
  return style;
}

function simple(style, code) {
  if (code === 0) return PLAIN;
  if (code === 22) return {...style, bold: undefined, dim: undefined};
  if (code in ON) return {...style, [ON[code]]: true};
  if (code in OFF) return {...style, [OFF[code]]: undefined};
  for (const [first, name, number] of SIMPLE) {
    if (code >= first && code <= first + 7) return {...style, [name]: number + code - first};
  }
  return style;
}

/** The style after an SGR sequence with these parameters. */
export function apply(style, parameters) {
  if (!/^[0-9;:]*$/.test(parameters)) return style;
  const codes = parameters.split(/[;:]/).map((code) => Number(code || 0));
  while (codes.length) {
    const code = codes.shift();
    if (code === 38 || code === 48) style = extended(style, code === 38 ? "foreground" : "background", codes);
    else style = simple(style, code);
  }
  return style;
}

/** The style as SGR parameters from the default state. */
export function parameters(style) {
  const parts = [[1, "bold"], [2, "dim"], [3, "italic"], [4, "underline"], [7, "inverse"], [9, "strike"]]
    .filter(([, name]) => style[name]).map(([code]) => String(code));
  if (style.foreground !== undefined) parts.push("38;5;" + style.foreground);
  if (style.background !== undefined) parts.push("48;5;" + style.background);
  return parts.join(";");
}

function classes(style) {
  let {foreground: front, background: back} = style;
  const names = [];
  if (style.inverse) {
    [front, back] = [back, front];
    if (back === undefined) names.push("inv");
  }
  if (back !== undefined) names.push("bg", "b" + back);
  if (front !== undefined && (back === undefined || readable(front, back))) names.push("x" + front);
  for (const [name, flag] of [["bd", "bold"], ["dm", "dim"], ["it", "italic"], ["ul", "underline"], ["sk", "strike"]]) {
    if (style[flag]) names.push(name);
  }
  return names.join(" ");
}

/** One line as [[classes, text], …] and the style at its end. */
export function segments(text, style = PLAIN) {
  const found = [];
  const add = (part) => {
    if (!part) return;
    part = part.replace(TURNING, (one) => "[U+" + one.codePointAt(0).toString(16).toUpperCase().padStart(4, "0") + "]");
    const names = classes(style);
    const last = found[found.length - 1];
    if (last && (last[0] === names || found.length >= MAX_SEGMENTS)) last[1] += part;
    else found.push([names, part]);
  };
  text = text.replace(/[\r\n]+$/, "");
  let place = 0;
  for (const control of text.matchAll(CONTROL)) {
    add(text.slice(place, control.index));
    place = control.index + control[0].length;
    if (control[0] === "\r" && place < text.length) found.length = 0;
    else if (control[2] === "m") style = apply(style, control[1]);
  }
  add(text.slice(place));
  return [found, style];
}

/** Adds one line's text to an element; addresses become links, and places in `files` too: {base, known}. Returns the
 *  style at its end. */
export function draw(element, text, style = PLAIN, files = null) {
  const [found, end] = segments(text, style);
  for (const [names, part] of found) {
    let target = element;
    if (names) {
      target = document.createElement("span");
      target.className = names;
      element.append(target);
    }
    link(target, part, files);
  }
  return end;
}

function link(target, text, files) {
  let place = 0;
  for (const found of text.matchAll(URLS)) {
    const url = found[0].replace(/[.,;:!?)\]]+$/, "");
    if (url.length <= "https://".length) continue;
    places(target, text.slice(place, found.index), files);
    anchor(target, url, url).rel = "nofollow noopener noreferrer";
    place = found.index + url.length;
  }
  places(target, text.slice(place), files);
}

function places(target, text, files) {
  let at = 0;
  for (const found of files?.known.size ? text.matchAll(PLACES) : []) {
    if (!files.known.has(found[1])) continue;
    target.append(text.slice(at, found.index));
    anchor(target, files.base + found[1].split("/").map(encodeURIComponent).join("/") + "#L" + Number(found[2]), found[0]);
    at = found.index + found[0].length;
  }
  target.append(text.slice(at));
}

function anchor(target, address, text) {
  const made = document.createElement("a");
  made.setAttribute("href", address);
  made.textContent = text;
  target.append(made);
  return made;
}
