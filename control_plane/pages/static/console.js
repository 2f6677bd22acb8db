// Small improvements of pages that work without them.

const moments = new Intl.DateTimeFormat(undefined, {
  day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit",
  timeZoneName: "short",
});

// Times in the zone of the viewer; the title keeps UTC.
function localTimes(root) {
  for (const element of root.querySelectorAll("time[datetime]:not([title])")) {
    element.title = element.textContent;
    element.textContent = moments.format(new Date(element.dateTime));
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

// A page that asks before something is done is shown in a dialog.
async function openDialog(link) {
  const dialog = document.getElementById("dialog");
  const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const form = page.getElementById("confirm");
  if (!answer.ok || answer.redirected || !form) {
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

document.addEventListener("htmx:after:swap", () => improve(document));
document.querySelector(".errors")?.focus();
improve(document);
