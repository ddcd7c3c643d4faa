// One line of a log: what its mark says it is, and the elements that it is drawn with.

const MARK = /^(?:\x1b\[[0-9;]*m)*##\[(group|endgroup|error|warning|notice|debug|command|section)\]/;
export const CLASSES = {error: "err", warning: "warn", notice: "notice", debug: "debug", command: "cmd", section: "cmd", group: "group"};
export const WORDS = {error: "Error: ", warning: "Warning: ", notice: "Notice: "};

export const make = (name, classes, text) => {
  const element = document.createElement(name);
  if (classes) element.className = classes;
  if (text) element.textContent = text;
  return element;
};

/** What a line is, and its text without the mark. */
export function classify(text) {
  const found = MARK.exec(text);
  if (!found) return ["", text];
  const mark = "##[" + found[1] + "]";
  return [found[1], text.replace(mark, "")];
}
