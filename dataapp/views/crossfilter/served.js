// How many views of a crossfilter cubes serve, what these take and save: a quiet line, which opens a list of the views.

const SETTLES = 1000; // ms for which a count must stand before it is said: it changes with each cube that is built

/** Makes the line, the list that it opens, and what is read aloud; hidden as long as there is no cube. */
export function makeServed() {
  const line = document.createElement("button");
  line.type = "button";
  line.className = "served";
  line.title = "Which views cubes serve";
  line.setAttribute("aria-expanded", "false");
  const list = document.createElement("dl");
  const news = document.createElement("span"); // the line itself changes many times a drag
  news.className = "news";
  news.setAttribute("role", "status");
  let isOpen = false;
  let isShown = false;
  let saying;

  function draw() {
    line.hidden = !isShown;
    list.hidden = !isShown || !isOpen;
    line.setAttribute("aria-expanded", String(isOpen));
  }

  function say(count) {
    clearTimeout(saying);
    if (news.textContent !== count) saying = setTimeout(() => (news.textContent = count), SETTLES);
  }

  line.addEventListener("click", () => {
    isOpen = !isOpen;
    draw();
  });
  draw();
  return {
    elements: [line, list, news],
    /** Shows what the server found; without anything the line is hidden. */
    show(served) {
      isShown = Boolean(served);
      say(served?.count ?? "");
      line.textContent = served?.line ?? "";
      list.replaceChildren(...(served?.views ?? []).flatMap(view));
      draw();
    },
  };
}

function view({label, text}) {
  const [name, facts] = ["dt", "dd"].map((tag) => document.createElement(tag));
  name.textContent = label;
  facts.textContent = text;
  return [name, facts];
}
