/** A table to try the service with: flats, with an id, a date, a text, categories and missing values. */

const ROWS = 400;
const CITIES = ["Basel", "Bern", "Chur", "Genf"];
const WORDS = ["quiet", "sunny", "new kitchen", "near the station", "garden", "needs repair"];

/** The same each time. */
export function sampleTable() {
  const lines = ["id,sold,city,area,rooms,note,price"];
  for (let at = 0; at < ROWS; at++) {
    const area = 28 + (at * 37) % 113, city = (at * 7) % CITIES.length, word = (at * 5) % WORDS.length;
    const rooms = at % 17 === 0 ? "" : 1 + Math.floor(area / 32);
    const sold = new Date(Date.UTC(2023, 0, 1 + (at * 11) % 720)).toISOString().slice(0, 10);
    const noise = ((at * 7919) % 101) * 90;
    const price = area * 4100 + city * 31000 + (word === 5 ? -42000 : word * 3000) + noise;
    lines.push([`F${1000 + at}`, sold, CITIES[city], area, rooms, `${WORDS[word]} and ${WORDS[(at * 3) % WORDS.length]}`, price].join(","));
  }
  return new File([lines.join("\n"), "\n"], "sample-flats.csv", { type: "text/csv" });
}
