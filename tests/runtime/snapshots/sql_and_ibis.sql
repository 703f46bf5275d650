WITH "small" AS (FROM trades WHERE size < $most
),
"dear" AS (SELECT
  "t0"."symbol",
  "t0"."price",
  "t0"."size",
  "t0"."price" * "t0"."size" AS "value"
FROM "small" AS "t0"
WHERE
  "t0"."price" > 1.5
),
"by_symbol" AS (SELECT symbol, sum(value) AS value FROM dear GROUP BY ALL
)
FROM (SELECT
  *
FROM "by_symbol" AS "t0"
ORDER BY
  "t0"."value" DESC
)
