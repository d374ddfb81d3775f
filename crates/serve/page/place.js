// Whether this browser can draw by itself: "offered" beside a server that can too, "only" where there is none.
export const canDrawHere = "";
