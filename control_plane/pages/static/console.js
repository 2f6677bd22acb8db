// Small improvements of pages that work without them.

// As the server writes times, so that a page has one style.
const style = {
  day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit",
  timeZoneName: "short",
};
const moments = new Intl.DateTimeFormat("en-GB", style);
const exactMoments = new Intl.DateTimeFormat("en-GB", { ...style, second: "2-digit" });

// Times in the zone of the viewer; the title keeps UTC.
function localTimes(root) {
  for (const element of root.querySelectorAll("time[datetime]:not([title])")) {
    element.title = element.textContent;
    const format = element.hasAttribute("data-exact") ? exactMoments : moments;
    element.textContent = format.format(new Date(element.dateTime));
  }
}

// Copy buttons are hidden until somebody can use them.
function copyButtons(root) {
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll("button[data-copy]")) button.hidden = false;
}

async function copy(button) {
  await navigator.clipboard.writeText(button.parentElement.querySelector("pre").textContent);
  const label = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = label; }, 2000);
}

// A page that asks before something is done is shown in a dialog. A redirect leads to the login,
// which shows its message once, so the whole page has to follow it.
async function openDialog(link) {
  const dialog = document.getElementById("dialog");
  const answer = await fetch(link.href, { headers: { Accept: "text/html" }, redirect: "manual" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const form = page.getElementById("confirm");
  if (!answer.ok || !form) {
    location.assign(link.href);
    return;
  }
  const title = document.createElement("h2");
  title.id = "dialog-title";
  title.textContent = page.getElementById("dialog-title").textContent;
  dialog.replaceChildren(title, document.adoptNode(form));
  improve(dialog);
  dialog.showModal();
}

// A button that only changes the form gets the form's answer in place. Without scripts, the page
// is loaded again.
async function sendInPlace(form, button) {
  const answer = await fetch(form.action, {
    method: "POST",
    headers: { Accept: "text/html" },
    body: new URLSearchParams(new FormData(form, button)),
    redirect: "manual",
  });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById(form.id);
  if (!fresh) {
    button.removeAttribute("data-in-place");
    form.requestSubmit(button);
    return;
  }
  form.replaceWith(document.adoptNode(fresh));
  improve(fresh);
  const added = fresh.querySelector("[autofocus]");
  const first = "input:not([type=hidden]), select, textarea";
  const again = fresh.querySelector(`button[value="${CSS.escape(button.value)}"]`);
  const list = document.getElementById(button.getAttribute("formaction")?.slice(1) ?? "");
  (added?.querySelector(first) ?? fresh.querySelector(".errors") ?? again ?? list)?.focus();
}

// Rows of a table that can be dragged by their handles, with a mouse, a finger or a pen: the form
// named by `data-drag` is sent.
let dragged = null;

function dragTo(event) {
  const under = document.elementFromPoint(event.clientX, event.clientY);
  const row = under?.closest("tr[data-id]");
  if (!row || row === dragged || row.parentElement !== dragged.parentElement) return;
  const middle = row.getBoundingClientRect().top + row.offsetHeight / 2;
  const up = row.compareDocumentPosition(dragged) === Node.DOCUMENT_POSITION_FOLLOWING;
  if (up !== event.clientY < middle) return;
  // The other rows move: a browser ends the gesture of a finger whose row is taken out.
  let passed;
  do {
    passed = up ? dragged.previousElementSibling : dragged.nextElementSibling;
    dragged[up ? "after" : "before"](passed);
  } while (passed !== row);
}

function sendOrder(table) {
  const form = document.getElementById(table.dataset.drag);
  const ids = [...table.querySelectorAll("tr[data-id]")].map((row) => row.dataset.id);
  const inputs = [...form.elements.order instanceof RadioNodeList ? form.elements.order : [form.elements.order]];
  const others = inputs.map((input) => input.value).filter((id) => !ids.includes(id));
  const wanted = [...others, ...ids];
  if (inputs.every((input, place) => input.value === wanted[place])) return;
  inputs.forEach((input, place) => { input.value = wanted[place]; });
  form.submit();
}

document.addEventListener("pointerdown", (event) => {
  const handle = event.target.closest?.("[data-drag] .handle");
  if (!handle || event.button !== 0 || !event.isPrimary) return;
  event.preventDefault();
  dragged = handle.closest("tr[data-id]");
  if (!dragged) return;
  dragged.classList.add("dragged");
  // Not the handle, which moves with its row: the browser would end the gesture.
  dragged.closest("table").setPointerCapture(event.pointerId);
});
document.addEventListener("pointermove", (event) => { if (dragged) dragTo(event); });
document.addEventListener("pointerup", () => endDrag((table) => sendOrder(table)));
// The browser took the gesture, such as for scrolling: the page is shown with the stored order.
document.addEventListener("pointercancel", () => endDrag(() => location.reload()));

function endDrag(then) {
  const table = dragged?.closest("[data-drag]");
  dragged?.classList.remove("dragged");
  dragged = null;
  if (table) then(table);
}

document.addEventListener("submit", (event) => {
  if (event.submitter?.hasAttribute("data-in-place")) {
    event.preventDefault();
    sendInPlace(event.target, event.submitter);
  } else if (event.target.method === "post") {
    sendOnce(event);
  }
});

// A second click while the answer is on its way sends nothing. A form that got no answer can be
// sent again.
function sendOnce(event) {
  const form = event.target;
  if (form.ariaBusy === "true") {
    event.preventDefault();
    return;
  }
  form.ariaBusy = "true";
  setTimeout(() => { form.ariaBusy = null; }, 10000);
}

// Pages about traffic divide days where they begin for the viewer.
function tellZone() {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `zone=${timeZone}; path=/; max-age=31536000; samesite=lax${secure}`;
}

function improve(root) {
  localTimes(root);
  copyButtons(root);
}

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const plain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey);
  const opener = target?.closest("a[data-dialog]");
  if (opener && plain) {
    event.preventDefault();
    openDialog(opener);
  }
  const closer = target?.closest("#dialog [data-close]");
  if (closer) {
    event.preventDefault();
    document.getElementById("dialog").close();
  }
  const copier = target?.closest("button[data-copy]");
  if (copier) copy(copier);
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// A page that the browser kept as it was left is asked for again if the session has ended.
async function endedMeanwhile() {
  const answer = await fetch(location.href, { method: "HEAD", redirect: "manual" });
  if (answer.type === "opaqueredirect") location.reload();
}

window.addEventListener("pageshow", (event) => {
  for (const form of document.querySelectorAll("form[aria-busy]")) form.ariaBusy = null;
  if (event.persisted) endedMeanwhile();
});

document.addEventListener("htmx:after:swap", () => improve(document));
document.querySelector(".errors")?.focus();
improve(document);
tellZone();
