// Times in the reader's own zone, and as their region writes them; the page has them in UTC.
const isSame = (tag) => tag.split("-")[0] === language.split("-")[0];
const region = navigator.languages.find(isSame) ?? known;

for (const time of document.querySelectorAll("time[datetime]")) {
  const moment = new Date(time.dateTime);
  const show = (options) => new Intl.DateTimeFormat(region, options).format(moment);
  const exact = show({ dateStyle: "long", timeStyle: "short" });
  if (time.dataset.shows === "day") {
    time.textContent = show({ dateStyle: "long" });
    // The sentence around it may be in another language.
    Object.assign(time, { lang: region, dir: "auto" });
  }
  time.title = exact;
}

// Light or dark without loading the page again, so that nothing typed is lost.
for (const button of document.querySelectorAll(".themes button")) {
  button.addEventListener("click", (event) => {
    event.preventDefault();
    const body = new URLSearchParams({ theme: button.value });
    fetch(button.form.action, { method: "POST", body })
      .then((answer) => {
        if (!answer.ok) throw new Error(answer.statusText);
      })
      // The page that this leads to says what is wrong.
      .catch(() => button.form.requestSubmit(button));
    if (button.value === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = button.value;
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

// Another language loads the page again, and some links lead to a form that asks for the same; what was
// typed outlives that, passwords excepted.
const TYPED = "authara-typed";
const fields = [...document.querySelectorAll("main input:not([type=hidden], [type=password])[id]")];
const keep = (path) => {
  const typed = fields.filter(({ value }) => value).map(({ id, value }) => [id, value]);
  sessionStorage.setItem(TYPED, JSON.stringify([path, typed]));
};
document.querySelector(".settings")?.addEventListener("submit", () => keep(location.pathname));
for (const link of document.querySelectorAll("a[data-keeps-typed]")) {
  link.addEventListener("click", () => keep(link.pathname));
}
const [path, typed] = JSON.parse(sessionStorage.getItem(TYPED) ?? "[null, []]");
sessionStorage.removeItem(TYPED);
for (const [id, value] of path === location.pathname ? typed : []) {
  const field = document.getElementById(id);
  if (field && !field.value) field.value = value;
}
