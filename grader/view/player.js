"use strict";
// Every step is drawn in the page already. This hides all but one and says what can be seen of it.
const [main, nav, slider, said] = ["main", "nav", "#slider", "#said"].map((name) => document.querySelector(name));
const steps = [...main.children], buttons = [...nav.querySelectorAll("button")];
let at = Number(main.dataset.start);
function show(step, link = true) {
  at = Math.max(0, Math.min(steps.length - 1, step));
  steps.forEach((section, n) => { section.hidden = n !== at; });
  slider.value = at + 1;
  const told = [...steps[at].querySelectorAll("h2, .ask:enabled legend, .after > p")];
  said.textContent = told.filter((line) => line.offsetHeight).map((line) => line.textContent).join(". ");
  if (link) history.replaceState(null, "", "#" + steps[at].id);
}
const fromLink = () => show(steps.findIndex((section) => "#" + section.id === location.hash));
// A button says where it leads (data-to) or how far (data-by), and which key does the same.
buttons.forEach((button) => { button.onclick = () => show(Number(button.dataset.to ?? at + Number(button.dataset.by))); });
document.onkeydown = (event) => {
  const button = buttons.find((one) => one.dataset.key === event.key), box = event.target.closest(".scroll");
  const scrolls = box && box.scrollWidth > box.clientWidth; // there the keys move what is too wide
  if (!button || scrolls || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  button.click();
};
slider.oninput = () => show(slider.value - 1);
window.onhashchange = fromLink;
nav.hidden = said.hidden = false;
if (location.hash) fromLink(); else show(at, false);
