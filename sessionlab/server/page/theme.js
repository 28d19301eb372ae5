// Runs before the page is painted, so that it does not flash in the wrong colours.
document.documentElement.dataset.theme = localStorage.getItem("sessionlab.theme") || "auto";
