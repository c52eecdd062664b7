"use strict";
// Every step is drawn in the page already: this only hides all but one, shows it again for paper, and counts answers.
const $ = (selector, within = document) => Array.from(within.querySelectorAll(selector));
const steps = $("main > section");
const [slider] = $("#slider"), [said] = $("#said"), [score] = $("#score"), [mode] = $("button[value=predict]");
const start = Number($("main")[0].dataset.start);
let at = 0, right = 0, answered = 0, skipped = 0;
const predicting = () => document.body.classList.contains("predicting");
const open = (section) => $(".ask:not([data-done])", section);
function show(step, link = true) {
  at = Math.max(0, Math.min(steps.length - 1, step));
  steps.forEach((section, n) => { section.hidden = n !== at; });
  slider.value = at + 1;
  slider.setAttribute("aria-valuetext", "step " + (at + 1) + " of " + steps.length);
  reveal();
  if (link) history.replaceState(null, "", "#" + steps[at].id);
}
function reveal() {
  const { title, told } = steps[at].dataset, asking = predicting() && open(steps[at]).length > 0;
  steps[at].classList.toggle("asking", asking);
  $(".ask", steps[at]).forEach((ask) => { ask.hidden = !predicting(); });
  said.textContent = title + ". " + (asking ? $("p", open(steps[at])[0])[0].textContent : told);
  if (predicting() && answered + skipped) score.textContent = right + " of " + answered + " right, " + skipped + " skipped";
}
function answer(ask, button) {
  if (ask.dataset.done) return;
  ask.dataset.done = "yes";
  const correct = "right" in button.dataset, skip = "skip" in button.dataset;
  if (skip) skipped += 1; else { answered += 1; right += Number(correct); }
  $("button", ask).forEach((other) => { other.disabled = true; other.classList.toggle("right", "right" in other.dataset); });
  const why = $("[data-why]", ask)[0], answers = $("[data-right]", ask)[0].textContent;
  why.textContent = (skip ? "" : correct ? "Right. " : "Not so. ") + "The answer: " + answers + ". " + why.dataset.why;
  reveal();
}
function fromLink() { show(steps.findIndex((section) => "#" + section.id === location.hash)); }
const moves = { first: () => 0, back: () => at - 1, on: () => at + 1, last: () => steps.length - 1, different: () => start };
const keys = { Home: "first", ArrowLeft: "back", ArrowRight: "on", End: "last", d: "different" };
$("nav button").forEach((button) => { if (button !== mode) button.onclick = () => show(moves[button.value]()); });
$(".ask").forEach((ask) => $("button", ask).forEach((button) => { button.onclick = () => answer(ask, button); }));
if (mode) mode.onclick = () => {
  mode.setAttribute("aria-pressed", String(document.body.classList.toggle("predicting")));
  if (!predicting()) score.textContent = "";
  show(predicting() ? 0 : at);
};
document.addEventListener("keydown", (event) => {
  if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
  const box = event.target.closest(".scroll");
  if (box && box.scrollWidth > box.clientWidth) return; // there the keys move what is too wide
  if (event.key === "d" && !$("button[value=different]").length) return;
  event.preventDefault();
  show(moves[keys[event.key]]());
});
slider.oninput = () => show(slider.value - 1);
window.onhashchange = fromLink;
$("nav")[0].hidden = said.hidden = false;
if (location.hash) fromLink(); else show(start, false);
