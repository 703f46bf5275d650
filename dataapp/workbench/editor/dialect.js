// DuckDB's words: how a text is coloured, which names need quotes, and which keywords are worth offering.

import {SQLDialect} from "@codemirror/lang-sql";

const words = (text) => text.trim().split(/\s+/);

const RESERVED = `all analyse analyze and any array as asc asymmetric both case cast check collate column constraint
create default deferrable desc describe distinct do else end except false fetch for foreign from group having in
initially intersect into lambda lateral leading limit not null offset on only or order pivot pivot_longer pivot_wider
placing primary qualify references returning select show some summarize symmetric table then to trailing true union
unique unpivot using variadic when where window with`;

const NAMES_OF_FUNCTIONS = `anti asof authorization binary collation concurrently cross freeze full generated glob ilike
inner is isnull join left like map natural notnull outer overlaps positional right semi similar struct tablesample
try_cast unpack`;

const OTHERS = `add alter attach between by coalesce columns commit copy cube current delete detach drop escape exclude
exists explain export filter first following grouping if ignore import include increment insert interval install last
load macro materialized nulls of ordinality over partition percent pragma preceding range recursive rename replace
respect rollup row rows sample schema set sets temp temporary ties transaction truncate unbounded update use values
view views within without`;

const TYPES = `array bigint bignum bit blob bool boolean char date datetime decimal double float float4 float8 geometry
hugeint int int1 int2 int4 int8 integer interval json list long map numeric real short smallint string struct text time
timestamp timestamp_ms timestamp_ns timestamp_s timestamptz timetz tinyint ubigint uhugeint uinteger union usmallint
utinyint uuid varchar variant`;

// In the order in which they are offered while nothing is typed.
const OFFERED = `SELECT|FROM|WHERE|GROUP BY|ORDER BY|LIMIT|JOIN|ON|AS|AND|OR|NOT|IN|IS NULL|IS NOT NULL|NULL|BETWEEN|LIKE
|ILIKE|CASE|WHEN|THEN|ELSE|END|HAVING|QUALIFY|DISTINCT|WITH|USING|LEFT JOIN|ASOF JOIN|INNER JOIN|RIGHT JOIN|FULL JOIN
|CROSS JOIN|SEMI JOIN|ANTI JOIN|POSITIONAL JOIN|NATURAL JOIN|LATERAL|UNION|UNION ALL|UNION ALL BY NAME|INTERSECT|EXCEPT
|GROUP BY ALL|ORDER BY ALL|BY|ALL|ASC|DESC|NULLS FIRST|NULLS LAST|OFFSET|OVER|PARTITION BY|ROWS|RANGE|PRECEDING
|FOLLOWING|UNBOUNDED PRECEDING|UNBOUNDED FOLLOWING|CURRENT ROW|WINDOW|FILTER|EXCLUDE|REPLACE|RENAME|CAST|TRY_CAST
|INTERVAL|EXISTS|ANY|PIVOT|UNPIVOT|INCLUDE NULLS|SUMMARIZE|DESCRIBE|RECURSIVE|MATERIALIZED|VALUES|TABLESAMPLE
|USING SAMPLE|ROLLUP|CUBE|GROUPING SETS|SIMILAR TO|GLOB|IS DISTINCT FROM|COLLATE|COLUMNS|TRUE|FALSE|WITHIN GROUP
|WITH ORDINALITY|LAMBDA`;

/** What only DuckDB calls a keyword included: QUALIFY, PIVOT, SUMMARIZE, ASOF; `$name` is a parameter. */
export const DuckDBDialect = SQLDialect.define({
  keywords: `${RESERVED} ${NAMES_OF_FUNCTIONS} ${OTHERS}`.replace(/\s+/g, " "),
  types: TYPES.replace(/\s+/g, " "),
  operatorChars: "+-*/<>=~!@%^&|:",
  specialVar: "$",
  caseInsensitiveIdentifiers: true,
});

const NEEDS_QUOTES = new Set([...words(RESERVED), ...words(NAMES_OF_FUNCTIONS)]);

export const isReserved = (word) => NEEDS_QUOTES.has(word.toLowerCase());

export const keywords = OFFERED.replace(/\n/g, "").split("|");

export const types = words(TYPES).map((type) => type.toUpperCase());

export const quoted = (name) => `"${name.replaceAll('"', '""')}"`;

/** A name as it can stand in a text: with quotes if it would not be read as a name without. */
export const nameToSql = (name) => (/^[a-z_][a-z0-9_]*$/i.test(name) && !isReserved(name) ? name : quoted(name));
