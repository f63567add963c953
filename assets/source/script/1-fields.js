// Comforts on top of pages that work without them. Every word comes from the page, in its language.
"use strict";

// A site may bring a language along of which the browser has never heard.
const language = document.documentElement.lang;
const known = Intl.PluralRules.supportedLocalesOf(language)[0] ?? "en";

// A look at the password one is typing.
for (const button of document.querySelectorAll("button[data-reveals]")) {
  const input = document.getElementById(button.dataset.reveals);
  const show = (isShown) => {
    input.type = isShown ? "text" : "password";
    button.setAttribute("aria-pressed", String(isShown));
  };

  show(false);
  button.hidden = false;
  button.addEventListener("click", (event) => {
    show(input.type === "password");
    // Whoever pressed it with a key hears that it is pressed, and stays to press it again.
    if (event.detail > 0) input.focus();
  });
  // Browsers offer to keep only what leaves in a password field.
  input.form.addEventListener("submit", () => show(false));
}

// How many characters a new password still lacks, counted as the server counts them.
for (const hint of document.querySelectorAll("[data-counts]")) {
  const { counts, shortest, longest, one, other, enough, tooLong } = hint.dataset;
  const input = document.getElementById(counts);
  const first = hint.textContent;
  const rule = new Intl.PluralRules(known);
  // Says aloud only what has changed for good, not every letter.
  const voice = document.createElement("span");
  voice.className = "unseen";
  voice.setAttribute("role", "status");
  hint.after(voice);

  const words = () => {
    const length = [...input.value.normalize("NFKC")].length;
    if (length === 0) return first;
    if (length > Number(longest)) return tooLong;
    const missing = Number(shortest) - length;
    if (missing <= 0) return enough;
    return (rule.select(missing) === "one" ? one : other).replace("{count}", missing);
  };
  input.addEventListener("input", () => {
    hint.textContent = words();
    const isFinal = hint.textContent === enough || hint.textContent === tooLong;
    const said = isFinal ? hint.textContent : "";
    hint.classList.toggle("good", hint.textContent === enough);
    if (voice.textContent !== said) voice.textContent = said;
  });
}

// What is wrong with a form, or was done a moment ago, is read first, also by browsers that know
// `autofocus` on fields only. Those that know more do it when they first draw the page.
const drawn = (next) => requestAnimationFrame(() => requestAnimationFrame(next));
window.addEventListener("load", () => {
  drawn(() => {
    if (document.activeElement === document.body) document.querySelector("[tabindex][autofocus]")?.focus();
  });
});
