"use strict";
// Every step is drawn in the page already: this only hides all but one, and shows it again for paper.
const steps = Array.from(document.querySelectorAll("main > section"));
const slider = document.querySelector("#slider");
const start = Number(document.querySelector("main").dataset.start);
let at = 0;
function show(step, link = true) {
  at = Math.max(0, Math.min(steps.length - 1, step));
  steps.forEach((section, n) => { section.hidden = n !== at; });
  slider.value = at + 1;
  slider.setAttribute("aria-valuetext", "step " + (at + 1) + " of " + steps.length);
  document.querySelector("#said").textContent = steps[at].dataset.said;
  if (link) history.replaceState(null, "", "#" + steps[at].id);
}
function fromLink() { show(steps.findIndex((section) => "#" + section.id === location.hash)); }
const moves = { first: () => 0, back: () => at - 1, on: () => at + 1, last: () => steps.length - 1, different: () => start };
const keys = { Home: "first", ArrowLeft: "back", ArrowRight: "on", End: "last", d: "different" };
document.querySelectorAll("nav button").forEach((button) => { button.onclick = () => show(moves[button.value]()); });
document.addEventListener("keydown", (event) => {
  if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  show(moves[keys[event.key]]());
});
slider.oninput = () => show(slider.value - 1);
window.onhashchange = fromLink;
document.querySelector("nav").hidden = document.querySelector("#said").hidden = false;
if (location.hash) fromLink(); else show(start, false);
