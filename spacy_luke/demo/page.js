// The page of `luke demo`. Texts get into the page as text (textContent); the pictures are HTML of
// spacy_luke.visualize, where everything is escaped.
"use strict";

const $ = (id) => document.getElementById(id);
let about = { layers: [], max_chars: 0 };
let answer = null;
let timer = null;

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function fail(message) {
  $("error").textContent = message || "";
  $("error").hidden = !message;
}

async function ask(path, question) {
  const options = question && {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(question),
  };
  let reply;
  try {
    reply = await fetch(path, options);
  } catch (error) {
    throw new Error("The demo does not answer. Is it still running?");
  }
  const found = await reply.json().catch(() => ({ error: `The demo failed (${reply.status}), see its terminal.` }));
  if (!reply.ok) throw new Error(found.error);
  return found;
}

function on(form, act) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button[type=submit]");
    button.disabled = true;
    fail();
    try {
      await act();
    } catch (error) {
      fail(error.message);
    }
    button.disabled = false;
  });
}

async function start() {
  about = await ask("about");
  document.title = about.name;
  $("name").textContent = about.name;
  $("about").textContent = about.pipes.join(" → ");
  for (const layer of about.layers) {
    const label = element("label", "");
    const box = element("input", "", { type: "checkbox", value: layer, checked: "" });
    label.append(box, ` ${layer}`);
    $("layers").append(label);
  }
  for (const mode of about.modes) $("mode").append(element("option", mode, { value: mode }));
  $("mode-label").hidden = !about.modes.length;
  if (about.mode) $("mode").value = about.mode;
  $("kb").hidden = about.entities === null;
  $("add").hidden = !about.can_add;
  size(about.entities);
  count();
}

function size(entities) {
  $("size").textContent = entities === null ? "" : `${entities.toLocaleString()} entities`;
}

function count() {
  const length = Array.from($("text").value).length;
  $("count").textContent = `${length.toLocaleString()} of ${about.max_chars.toLocaleString()} characters`;
}

async function analyse() {
  const layers = [...document.querySelectorAll("#layers input:checked")].map((box) => box.value);
  answer = await ask("analyse", { text: $("text").value, layers, mode: $("mode").value || null });
  for (const layer of ["entities", "types", "relations", "links"]) {
    const picture = answer.pictures[layer];
    $(layer).hidden = picture === undefined;
    $(layer).querySelector(".picture").innerHTML = picture || "";
  }
  $("result").hidden = false;
  $("player").hidden = !answer.steps.length;
  $("step").max = answer.steps.length;
  $("steps").replaceChildren(...answer.steps.map(line));
  pause();
  show(answer.steps.length);
}

function line(step) {
  const when = step.pass === null ? "no candidates" : `pass ${step.pass}, candidates: ${step.candidates}`;
  const item = element("li", `${step.mention} → `);
  const link = step.url ? element("a", step.entity, { href: step.url, target: "_blank", rel: "noopener noreferrer" }) : step.entity;
  item.append(link, ` ${step.name} ${step.probability.toFixed(3)} (${when})`);
  return item;
}

// The text with its mentions; the first `n` steps are decided.
function show(n) {
  $("step").value = n;
  $("at").textContent = `${n} of ${answer.steps.length}`;
  [...$("steps").children].forEach((item, i) => {
    item.classList.toggle("decided", i < n);
    item.classList.toggle("now", i === n - 1);
  });
  const chars = Array.from(answer.text); // Python counts characters, JavaScript halves of some
  const places = answer.steps.map((step, i) => ({ ...step, i })).sort((a, b) => a.start - b.start || b.end - a.end);
  const parts = [];
  let done = 0;
  for (const place of places) {
    if (place.start < done) continue; // a mention in another one: see the list
    parts.push(chars.slice(done, place.start).join(""));
    const mark = element("mark", chars.slice(place.start, place.end).join(""));
    if (place.i < n) {
      mark.classList.add("decided");
      mark.append(" ", element("small", `${place.name || place.entity} ${place.probability.toFixed(2)}`));
    }
    mark.classList.toggle("now", place.i === n - 1);
    parts.push(mark);
    done = place.end;
  }
  parts.push(chars.slice(done).join(""));
  $("stage").replaceChildren(...parts);
}

function pause() {
  clearInterval(timer);
  timer = null;
  $("play").textContent = "Play";
}

function play() {
  if (timer) return pause();
  $("play").textContent = "Pause";
  if (Number($("step").value) >= answer.steps.length) show(0);
  timer = setInterval(() => {
    show(Number($("step").value) + 1);
    if (Number($("step").value) >= answer.steps.length) pause();
  }, 900);
}

async function search() {
  const found = (await ask("search", { query: $("query").value })).entities;
  $("found").replaceChildren(...found.map((entity) => {
    const item = element("li", "");
    const id = entity.url ? element("a", entity.id, { href: entity.url, target: "_blank", rel: "noopener noreferrer" }) : entity.id;
    const names = Object.entries(entity.labels).map(([lang, label]) => `${label} (${lang})`).join(", ");
    const prior = entity.prior === null ? "" : ` p = ${entity.prior.toFixed(3)}`;
    item.append(id, ` ${names} ${entity.description} ${entity.types.join(", ")}${prior}`);
    return item;
  }));
  if (!found.length) $("found").replaceChildren(element("li", "Nothing of that id or name."));
}

async function add() {
  const field = (name) => $("add").elements[name].value.trim();
  const lines = (text, border) => text.split(border).map((part) => part.trim()).filter(Boolean);
  const found = await ask("add", {
    id: field("id"),
    labels: { [about.lang]: field("label") },
    aliases: lines(field("aliases"), "\n"),
    description: field("description"),
    types: lines(field("types"), ","),
    count: Number(field("count")) || 0,
  });
  size(found.entities);
  $("added").textContent = `Added ${found.added.id}.`;
  $("add").reset();
}

$("text").addEventListener("input", count);
$("play").addEventListener("click", play);
$("step").addEventListener("input", () => { pause(); show(Number($("step").value)); });
on($("ask"), analyse);
on($("search"), search);
on($("add"), add);
start().catch((error) => fail(error.message));
