// Forms that stand on pages of their own, in a dialog: what is refused stays in it, what is taken leads to where the
// server says. And forms that are fetched again when one of their fields changes.

const part = (fresh, id) => fresh.getElementById(id);

async function fetched(address, options) {
  const answer = await fetch(address, {headers: {Accept: "text/html"}, ...options});
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  return {answer, fresh};
}

/** Shows the form of a link's page; the page itself where that cannot be had. */
export async function open(link) {
  const found = await fetched(link.href).catch(() => null);
  const sheet = found && found.answer.ok && part(found.fresh, "sheet");
  if (!sheet) {
    location.assign(link.href);
    return;
  }
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.setAttribute("aria-labelledby", "dialog-title");
  const title = dialog.appendChild(document.createElement("h2"));
  title.id = "dialog-title";
  title.textContent = found.fresh.querySelector("h1").textContent;
  const close = Object.assign(document.createElement("button"), {type: "button", className: "btn dialog-close", textContent: "Close"});
  close.addEventListener("click", () => dialog.close());
  dialog.append(close, document.adoptNode(sheet));
  dialog.addEventListener("close", () => {
    dialog.remove();
    const back = link.closest("details.menu");
    (back ? back.querySelector("summary") : link).focus();
  });
  document.body.append(dialog);
  for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
  dialog.showModal();
  (sheet.querySelector("input:not([type=hidden]), select, .danger") || close).focus();
  write(sheet);
}

/** The new form takes the old one's place; the field that has the focus keeps it. */
function swap(fresh, id) {
  const old = document.getElementById(id);
  const next = part(fresh, id);
  if (!old || !next) return false;
  const focus = old.contains(document.activeElement) ? document.activeElement.id : "";
  old.replaceWith(document.adoptNode(next));
  const errors = document.getElementById("errors");
  const again = errors || (focus && document.getElementById(focus));
  if (again) again.focus();
  write(document);
  return true;
}

/** The same form for other values; what was entered stays. */
async function refetch(address, form, id) {
  const query = address.searchParams;
  if (form) {
    for (const [name, value] of new FormData(form)) query.set(name, value);
    for (const [name, value] of entered()) if (!query.has(name)) query.append(name, value);
  }
  const found = await fetched(address).catch(() => null);
  if (!found || !found.answer.ok || !swap(found.fresh, id)) location.assign(address);
  else if (!document.querySelector("dialog[open]")) history.replaceState(null, "", address);
}

function* entered() {
  const inputs = document.getElementById("inputs");
  if (!inputs) return;
  for (const [name, value] of new FormData(inputs)) if (name === "sent" || name.startsWith("input.")) yield [name, value];
}

async function post(form) {
  const button = form.querySelector("button:not([type=button])");
  button.disabled = true;
  const found = await fetched(form.action, {method: "POST", body: new URLSearchParams(new FormData(form))}).catch(() => null);
  if (found && found.answer.redirected) location.assign(found.answer.url);
  else if (!found || !swap(found.fresh, "sheet")) form.submit();
}

const quoted = (text) => (/^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : "'" + text.replaceAll("'", "'\"'\"'") + "'");

/** The commands say what the form would. */
function write(within) {
  const form = within.querySelector("#inputs");
  if (!form) return;
  const data = new FormData(form);
  const inputs = {};
  for (const field of form.querySelectorAll("[name^='input.']")) {
    const value = field.type === "checkbox" ? String(field.checked) : data.get(field.name);
    if (value) inputs[field.name.slice(6)] = value;
  }
  const ref = data.get("ref");
  const said = {
    curl: quoted(JSON.stringify({ref, inputs})),
    gh: " --ref " + quoted(ref) + Object.entries(inputs).map(([name, value]) => " -f " + quoted(name + "=" + value)).join(""),
  };
  for (const one of form.querySelectorAll("[data-command]")) one.value = one.dataset.command + said[one.id];
}

document.addEventListener("input", (event) => {
  if (event.target.closest("#inputs")) write(document);
});

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-refetch]");
  if (form && form.checkValidity()) refetch(new URL(form.action), form, form.dataset.refetch);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.refetch) {
    event.preventDefault();
    refetch(new URL(form.action), form, form.dataset.refetch);
  } else if (form.method === "post" && form.closest("dialog #sheet")) {
    event.preventDefault();
    post(form);
  }
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-refetch], dialog [data-close]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (link.dataset.refetch) refetch(new URL(link.href), null, link.dataset.refetch);
  else link.closest("dialog").close();
});
