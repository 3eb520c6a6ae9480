// What the page knows: which product it is of, and where the choices have led.
const style = document.querySelector("main").dataset.style;
const product = `/v1/products/${encodeURIComponent(style)}/configuration`;

let currency; // of its prices
let large; // whether its tree is loaded piece by piece
let answer; // where the choices lead
