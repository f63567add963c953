// Times in the reader's own zone, and as his region writes them; the page has them in UTC.
const isSame = (tag) => tag.split("-")[0] === language.split("-")[0];
const region = navigator.languages.find(isSame) ?? language;

for (const time of document.querySelectorAll("time[datetime]")) {
  const moment = new Date(time.dateTime);
  const show = (options) => new Intl.DateTimeFormat(region, options).format(moment);
  const exact = show({ dateStyle: "long", timeStyle: "short" });
  if (time.dataset.shows === "moment") time.textContent = exact;
  if (time.dataset.shows === "day") time.textContent = show({ dateStyle: "long" });
  if (time.dataset.shows !== "moment") time.title = exact;
}

// Light or dark without loading the page again, so that nothing typed is lost.
for (const button of document.querySelectorAll(".themes button")) {
  button.addEventListener("click", (event) => {
    event.preventDefault();
    const { theme } = document.documentElement.dataset;
    const body = new URLSearchParams({ theme: button.value });
    fetch(button.form.action, { method: "POST", body }).catch(() => button.form.requestSubmit(button));
    if (button.value === "system") delete document.documentElement.dataset.theme;
    else if (theme !== button.value) document.documentElement.dataset.theme = button.value;
    for (const other of document.querySelectorAll(".themes button")) {
      other.setAttribute("aria-pressed", String(other === button));
    }
  });
}

// The list of languages closes like any other menu.
for (const menu of document.querySelectorAll("details.menu")) {
  const isOutside = (event) => !menu.contains(event.target);
  document.addEventListener("click", (event) => {
    if (isOutside(event)) menu.open = false;
  });
  document.addEventListener("focusin", (event) => {
    if (isOutside(event)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}
