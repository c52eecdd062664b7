// "Predict first": the style hides a step until its questions are answered; this checks the answers and counts.
const predict = document.querySelector("#predict"), score = document.querySelector("#score");
const words = { right: "Right. ", wrong: "Not so. ", skipped: "" }, count = { right: 0, wrong: 0, skipped: 0 };
predict.onchange = () => show(predict.checked ? 0 : at);
document.querySelectorAll(".ask button").forEach((button) => {
  button.onclick = () => {
    const ask = button.closest("fieldset"), why = ask.querySelector("[data-why]");
    ask.disabled = true;
    count[button.value] += 1;
    why.textContent = words[button.value] + why.dataset.why;
    score.textContent = `${count.right} of ${count.right + count.wrong} right, ${count.skipped} skipped`;
    show(at);
  };
});
